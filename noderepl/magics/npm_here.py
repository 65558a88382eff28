"""npm on this machine: installs packages for another platform into a temporary directory, and tells
what came.

This module does not depend on a session.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from noderepl.errors import LocalFileError, NodeReplError
from noderepl.exit_codes import end_of
from noderepl.javascript.package_files import Facts
from noderepl.lazy_dataclasses import dataclass
from noderepl.magics.local import reachable
from noderepl.service.node import find_node
from noderepl.service.reaper import Reaper
from noderepl.temporary_files import temporary_errors

SAVED = ("dependencies", "devDependencies", "optionalDependencies")
_SCRIPTS = ("preinstall", "install", "postinstall")
# npm only warns of files that it cannot write, and leaves them incomplete.
_UNWRITTEN = re.compile(r"TAR_ENTRY_ERROR (ENOSPC|EDQUOT|EFBIG|EIO|EROFS)\b")
# The variable that only npm and its children have, with their directory.
_MARK = "NODEREPL_INSTALL"
_MANIFEST_BYTES = 1 << 22
_OUTPUT_BYTES = 1 << 20
# The machine of an ELF file, by Node.js' name of the architecture.
_MACHINES = {
    "x64": 62,
    "arm64": 183,
    "ia32": 3,
    "arm": 40,
    "ppc64": 21,
    "s390x": 22,
    "riscv64": 243,
}
_FORMATS = {
    "linux": (b"\x7fELF",),
    "darwin": (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"),
    "win32": (b"MZ",),
}
_PATH = re.compile(
    r"(?P<before>(?:(?:@[^/@]+/)?[^/@]+@)?)(?P<scheme>file:)?(?P<path>.*)", re.DOTALL
)
# What npm says about what is set here.
_OWN_DOING = re.compile(r"Unknown env config|logs-max|^npm warn cli ")
# npm chooses versions for process.version, and refuses packages for another process.platform or
# process.arch.
_PRELOAD = """\
for (const [name, value] of Object.entries(%s)) {
    Object.defineProperty(process, name, { value, configurable: true, enumerable: true });
}
"""


class NpmFailed(NodeReplError):
    """npm on this machine did not succeed. code: its exit code. said: what it wrote."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"npm {end_of(code)}")
        self.code = code
        self.said = said


@dataclass(frozen=True, slots=True)
class Installed:
    """Packages in a directory of this machine.

    save: for each field of package.json, names and ranges. names: the packages that were asked for.
    said: what npm wrote. foreign: packages whose native programs are for other platforms. unbuilt:
    packages with a native part that was not built. unrun: packages with install scripts that did
    not run.
    """

    save: Mapping[str, Mapping[str, str]]
    names: Sequence[str]
    said: str
    foreign: Sequence[str] = field(default_factory=list)
    unbuilt: Sequence[str] = field(default_factory=list)
    unrun: Sequence[str] = field(default_factory=list)


def npm_program(environ: Mapping[str, str], node: Path | None) -> list[str]:
    """Returns the command line of the user's npm. node: the Node.js of the embedded pool, whose npm
    is used if none is on PATH. Raises LocalFileError if there is no npm.
    """
    if found := shutil.which("npm", path=environ.get("PATH")):
        return [found]
    with contextlib.suppress(Exception):
        install = find_node(str(node)) if node else None
        if install and install.npm_cli:
            return [str(install.path), str(install.npm_cli)]
    raise LocalFileError(
        "there is no npm on this machine: install Node.js, or `pip install 'noderepl[pool]'`"
    )


def local_spec(word: str, directory: Path, home: str) -> str:
    """Returns a package as npm accepts it in any directory: the path of a local one is absolute.

    word: as typed. directory: the user's working directory. Raises LocalFileError if that was
    deleted and the path is relative.
    """
    found = _PATH.fullmatch(word)
    assert found is not None
    path = found["path"]
    is_path = found["scheme"] or path in {".", ".."} or path.startswith(("./", "../", "/", "~/"))
    if not is_path and not (word.endswith((".tgz", ".tar.gz")) and (directory / word).is_file()):
        return word
    if not is_path:
        return f"file:{os.path.abspath(directory / word)}"  # noqa: PTH100
    place = directory / (f"{home}{path[1:]}" if path.startswith("~/") else path)
    return f"{found['before']}file:{os.path.abspath(reachable(place))}"  # noqa: PTH100


async def run_npm_here(
    program: Sequence[str],
    words: Sequence[str],
    place: Path,
    facts: Facts,
    *,
    environ: Mapping[str, str],
    with_scripts: bool,
) -> str:
    """Installs packages into a directory for the platform of a session.

    program: of npm. words: packages and options. place: an empty directory that nothing else uses.
    with_scripts: whether install scripts run, on this machine. Returns what npm wrote. Raises
    NpmFailed, LocalFileError. npm and its children end after a cancellation, and with noderepl.
    """
    preload = place / "preload.cjs"
    of_session = {"version": facts.version, "platform": facts.platform, "arch": facts.arch}
    with temporary_errors():
        preload.write_text(_PRELOAD % json.dumps(of_session))
        (place / "package.json").write_text('{"private": true}')
    line = [
        *program,
        "install",
        *words,
        f"--prefix={place}",
        *(f"--{name}={value}" for name, value in _target(facts)),
        "--ignore-scripts=false" if with_scripts else "--ignore-scripts",
        "--install-strategy=shallow",
        "--install-links",
        # Archives have no links; scripts start programs by them.
        "--bin-links" if with_scripts else "--no-bin-links",
        *("--no-audit", "--no-fund", "--no-package-lock", "--no-progress"),
    ]
    env = {
        **environ,
        "PATH": environ.get("PATH", os.defpath),
        "NODE_OPTIONS": f'{environ.get("NODE_OPTIONS", "")} --require="{preload}"'.strip(),
        "npm_config_fetch_retry_mintimeout": "1000",
        "npm_config_fetch_retry_maxtimeout": "5000",
        "npm_config_logs_max": "0",
        "npm_config_update_notifier": "false",
        "npm_config_color": "false",
    }
    if with_scripts:
        # prebuild-install and node-gyp read these.
        env |= {
            "npm_config_target": facts.version.removeprefix("v"),
            "npm_config_platform": facts.platform,
            "npm_config_arch": facts.arch,
        }
    code, said = await _run(line, place, env)
    if code:
        raise NpmFailed(code, said)
    if unwritten := _UNWRITTEN.search(said):
        number = getattr(errno, unwritten[1])
        with temporary_errors():
            raise OSError(number, os.strerror(number))
    return said


def _target(facts: Facts) -> Iterator[tuple[str, str]]:
    yield "os", facts.platform
    yield "cpu", facts.arch
    if facts.libc:
        yield "libc", facts.libc


async def _run(line: Sequence[str], place: Path, env: Mapping[str, str]) -> tuple[int, str]:
    with contextlib.ExitStack() as resources:
        try:
            reaper = Reaper()
            resources.callback(reaper.close)
            process = await asyncio.create_subprocess_exec(
                *line,
                cwd=place,
                env={**env, _MARK: str(place)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
            reaper.guard(process.pid, f"{_MARK}={place}")
        except OSError as error:
            why = error.strerror or error
            raise LocalFileError(f"{line[0]} cannot be started: {why}") from error
        except ValueError as error:
            raise LocalFileError(f"npm cannot be started with these arguments: {error}") from error
        code, said = await _ended(process)
    lines = said.decode(errors="replace").splitlines()
    return code, "\n".join(line for line in lines if not _OWN_DOING.search(line)).strip()


async def _ended(process: asyncio.subprocess.Process) -> tuple[int, bytes]:
    """Returns the exit code and the end of the output. A cancellation ends the process group."""
    said = b""
    assert process.stdout is not None
    try:
        while part := await process.stdout.read(1 << 16):
            said = (said + part)[-_OUTPUT_BYTES:]
        return await process.wait(), said
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def inspect(place: Path, facts: Facts, said: str, *, with_scripts: bool) -> Installed:
    """Returns what npm has installed into a directory. Blocks. Raises LocalFileError."""
    modules = place / "node_modules"
    top = dict(_packages(modules))
    if not top:
        raise LocalFileError("npm has installed no package")
    saved = _manifest(place)
    save = {
        name: {
            package: _range(str(spec), top.get(package)) for package, spec in saved[name].items()
        }
        for name in SAVED
        if isinstance(saved.get(name), dict) and saved[name]
    }
    names = [name for ranges in save.values() for name in ranges] or list(top)
    foreign, unbuilt, unrun = [], [], []
    for name, directory in _all_packages(modules):
        manifest = _manifest(directory)
        programs = list(directory.rglob("*.node"))
        programs = [
            one for one in programs if "node_modules" not in one.relative_to(directory).parts
        ]
        is_native = _is_native_for(programs, facts)
        scripts = manifest.get("scripts")
        has_script = isinstance(scripts, dict) and any(one in scripts for one in _SCRIPTS)
        if programs and not is_native:
            foreign.append(name)
        elif (directory / "binding.gyp").is_file() and not programs:
            unbuilt.append(name)
        elif has_script and not with_scripts and not is_native:
            unrun.append(name)
    return Installed(save, names, said, *(sorted(set(one)) for one in (foreign, unbuilt, unrun)))


def _range(spec: str, directory: Path | None) -> str:
    """Returns the range for the session's package.json: the version of a package that did not come
    from the registry, because its place is on this machine.
    """
    if spec.startswith("npm:") or not re.search(r"[:/]", spec):
        return spec
    return str(_manifest(directory).get("version") or "*") if directory else "*"


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        with (directory / "package.json").open("rb") as file:
            found = json.loads(file.read(_MANIFEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _packages(modules: Path) -> Iterator[tuple[str, Path]]:
    """Yields the packages directly in a node_modules."""
    try:
        entries = sorted(modules.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or not entry.is_dir():
            continue
        if entry.name.startswith("@"):
            yield from ((f"{entry.name}/{name}", inner) for name, inner in _packages(entry))
        else:
            yield entry.name, entry


def _all_packages(modules: Path) -> Iterator[tuple[str, Path]]:
    waiting = [modules]
    while waiting:
        for name, directory in _packages(waiting.pop()):
            yield name, directory
            waiting.append(directory / "node_modules")


def _is_native_for(programs: Sequence[Path], facts: Facts) -> bool:
    """Returns whether one of the native programs is for the platform of the session."""
    for program in programs:
        try:
            with program.open("rb") as file:
                head = file.read(20)
        except OSError:
            continue
        if not head.startswith(_FORMATS.get(facts.platform, (b"",))):
            continue
        machine = int.from_bytes(head[18:20], "little")
        if facts.platform != "linux" or machine == _MACHINES.get(facts.arch, machine):
            return True
    return False

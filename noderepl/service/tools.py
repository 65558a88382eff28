"""The files that a pool provides to its sessions: `node`, `npm` and `npx` of one install, and npm's
configuration.

npm's configuration files may contain tokens and passwords, so sessions in the sandbox get copies
that contain only settings known to be public.
"""

from __future__ import annotations

import re
from pathlib import Path

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern
from noderepl.service.node import Node

_SIZE_LIMIT = 256 * 1024
_PREFIXES = ("/usr", "/usr/local")
_HARMLESS = lazy_pattern(
    r"(?:@[\w.~-]+:)?registry|ca|cafile|strict-ssl|proxy|https-proxy|http-proxy|noproxy|maxsockets"
    r"|fetch-(?:retries|retry-factor|retry-mintimeout|retry-maxtimeout|timeout)"
    r"|audit|fund|engine-strict|legacy-peer-deps|package-lock|prefer-offline|save-exact|update-notifier|loglevel"
)
_ADDRESS = lazy_pattern(r"(?:@[\w.~-]+:)?registry|proxy|https?-proxy")
_USER = lazy_pattern(r"//[^/?#\\]*@")
# A part of a path that resembles a token, or is where known registries expect one.
_TOKEN = lazy_pattern(
    r"(?<!:)(?<!:/)/(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,}(?![^/\"'])"
    r"|//npm\.fury\.io/+[^/]+/+[^/\"']"
    r"|//dl\.cloudsmith\.io/+(?!public/|basic/|[\"']|$)",
    re.IGNORECASE,
)
_QUERY_OR_FRAGMENT = lazy_pattern(r"[?#].*")
_COMMENT = lazy_pattern(r"[;#].*")


@dataclass(frozen=True, slots=True)
class Tools:
    """The result of write_tools().

    directory: the first directory of the sessions' PATH. configurations: copies of npm's files, and
    the paths of the originals. certificates: the files that they name.
    """

    directory: Path
    configurations: tuple[tuple[Path, Path], ...]
    certificates: tuple[str, ...]


def write_tools(directory: Path, node: Node) -> Tools:
    """Creates the directory, which must not exist, with the commands and the copies.

    A wheel's bin/npm is a copied file that does not find npm's library, and a version manager's is
    a shim.
    """
    directory.mkdir(mode=0o755)
    (directory / "node").symlink_to(node.path)
    scripts = (
        {name: node.npm_cli.with_name(f"{name}-cli.js") for name in ("npm", "npx")}
        if node.npm_cli
        else {}
    )
    for name, script in scripts.items():
        tool = directory / name
        tool.write_text(f"#!/bin/sh\nexec '{node.path}' '{script}' \"$@\"\n", "utf-8")
        tool.chmod(0o755)
    copies, certificates = [], []
    for number, original in enumerate(_npm_configurations(node)):
        text = without_secrets(_read(original))
        copy = directory / f"npmrc-{number}"
        copy.write_text(text, "utf-8")
        copies.append((copy, original))
        certificates += re.findall(r"^cafile=\"?(/[^\"\n]*)", text, re.MULTILINE)
    return Tools(directory, tuple(copies), tuple(certificates))


def without_secrets(text: str) -> str:
    """Returns an npmrc file with only those settings that are known to be public, and without user
    name and password in an address.
    """
    public = []
    for line in text.splitlines():
        if line.lstrip().startswith("["):
            break  # a section follows, and npm has no harmless ones
        head, equals, rest = line.partition("=")
        key = head.strip().removesuffix("[]").rstrip().strip("\"'")
        if not equals or not _HARMLESS.fullmatch(key):
            continue
        value = rest.strip()
        if _ADDRESS.fullmatch(key):
            value = without_credentials(value)
        # npm reads the rest as a comment, which may contain a disabled token.
        value = _COMMENT.sub("", value).rstrip()
        if value or not rest.strip():
            public.append(f"{head.strip()}={value}\n")
    return "".join(public)


def without_credentials(address: str) -> str:
    """Returns an address without user name, password, query and fragment.

    Empty if these cannot be separated from the rest, because npm also accepts
    `https:/name:password@host` and the like, or if a part of its path resembles a token.
    """
    bare = _USER.sub("//", address, count=1)
    if "@" in bare:
        return ""
    bare = _QUERY_OR_FRAGMENT.sub("", bare)
    return "" if _TOKEN.search(bare) else bare


def _npm_configurations(node: Node) -> list[Path]:
    """Returns the files that npm reads in a session: its own, and the global one of each prefix
    that a session sees.
    """
    prefixes = dict.fromkeys((str(node.path.parent.parent), *_PREFIXES))
    places = [Path("/etc/npmrc"), *(Path(prefix) / "etc/npmrc" for prefix in prefixes)]
    if node.npm_cli is not None:
        places.append(node.npm_cli.parent.parent / "npmrc")
    return list(dict.fromkeys(place.resolve() for place in places if place.is_file()))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_SIZE_LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""  # neither this process nor a session can read it

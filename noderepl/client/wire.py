"""The dialects of the API: the request of each operation at each api-version. This module does no
I/O.

There are two shapes: wrapped (/code/execute, a "properties" envelope; SEED, REC-NODE-2405) and flat
(/executions; REC-NODE-2411, SWAGGER-2410 and later). decode_execution.py and decode_listings.py
decode the answers of both.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlencode

from noderepl.errors import UnsupportedVersion, UsageError
from noderepl.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from noderepl.options import InputType

Subject = Literal[
    "execution", "upload", "files", "file", "session", "sessions", "metadata", "resource", "query"
]

# An answer may contain the streams twice, with escapes; transport.MOST_BYTES is large enough for
# that.
OUTPUT_LENGTH = 4 * 1024 * 1024
_INPUT_TYPES: Mapping[str, str] = {
    "inline": "inline",
    "inlinetext": "inlinetext",
    "base64": "InlineBase64",
}
_PUNCTUATION = "-_ @$&=;,#%^()"
_NEWER_OPERATIONS: Mapping[Subject, str] = {
    "session": "session information and deletion",
    "sessions": "list of sessions",
    "metadata": "metadata",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request, relative to the base URL.

    path: percent-encoded, begins with "/". query: not encoded yet. body: sent as JSON. subject: the
    kind of object, for errors. file: the file's name in the session. own_route: whether the route
    exists only in this shape of the API. link: a whole URL from the service, which replaces path
    and query.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: Mapping[str, object] | None = field(default=None, repr=False)
    subject: Subject = "execution"
    file: str = ""
    own_route: bool = False
    link: str = field(default="", repr=False)

    @property
    def target(self) -> str:
        """Path and query; every reserved character is percent-encoded."""
        return (
            f"{self.path}?{urlencode(self.query, quote_via=quote, safe='')}"
            if self.query
            else self.path
        )


@dataclass(frozen=True, slots=True)
class Dialect:
    """The API at one version.

    version: the api-version parameter, "none" for no parameter. flat: whether the shape is flat.
    sessions: whether /session and /metadata exist. jupyter: whether the service can return results
    in the kernel's format, and long output.
    """

    version: str
    flat: bool = True
    sessions: bool = False
    jupyter: bool = False

    def execute(self, identifier: str, code: str, input_type: InputType, timeout: int) -> Call:
        """Returns the call that runs a snippet (docs/protocol.md, Requests). timeout: seconds."""
        sent = (
            base64.b64encode(code.encode("utf-8", "replace")).decode()
            if input_type == "base64"
            else code
        )
        body: dict[str, object] = {
            "codeInputType": _INPUT_TYPES[input_type],
            "executionType": "synchronous",
            "code": sent,
            "timeoutInSeconds": timeout,
        }
        if self.jupyter:
            body |= {
                "outputStreamsMaxLength": OUTPUT_LENGTH,
                "returnJupyterFormatExecutionResult": True,
            }
        if not self.flat:
            body = {"properties": {"identifier": identifier, **body}}
        path = "/executions" if self.flat else "/code/execute"
        return Call("POST", path, self._query(identifier), body, own_route=True)

    def files(self, identifier: str, directory: str = "") -> Call:
        """Returns the call that lists the files of a directory of the session."""
        query = self._query(identifier, path=directory)
        return Call("GET", "/files", query, subject="files")

    def file(self, identifier: str, name: str) -> Call:
        """Returns the call for one file's size and age."""
        return self._about_file("GET", identifier, name, "/files/{}")

    def remove(self, identifier: str, name: str) -> Call:
        """Returns the call that deletes one file."""
        return self._about_file("DELETE", identifier, name, "/files/{}")

    def content(self, identifier: str, name: str) -> Call:
        """Returns the call that downloads one file."""
        route = "/files/{}/content" if self.flat else "/files/content/{}"
        return self._about_file("GET", identifier, name, route, own_route=True)

    def upload(self, identifier: str, name: str) -> Call:
        """Returns the call that uploads one file as the multipart field "file"; the file name of
        the field is its base name.
        """
        directory, _ = split_name(name)
        route = "/files" if self.flat else "/files/upload"
        query = self._query(identifier, path=directory)
        return Call("POST", route, query, subject="upload", file=name, own_route=True)

    def info(self, identifier: str) -> Call:
        """Returns the call for the session's times (SWAGGER-2502). Raises UnsupportedVersion before
        that version.
        """
        return self._newer("GET", "/session", "session", identifier)

    def delete(self, identifier: str) -> Call:
        """Returns the call that deletes the session (SWAGGER-2502). Raises UnsupportedVersion
        before that version.
        """
        return self._newer("DELETE", "/session", "session", identifier)

    def sessions_list(self, path: str) -> Call:
        """Returns the call that lists the pool's sessions (SWAGGER-2502). path: one of its two
        routes. Raises UnsupportedVersion before that version.
        """
        return self._newer("GET", path, "sessions", None)

    def metadata(self) -> Call:
        """Returns the call for the pool's runtimes and packages (SWAGGER-2502). Raises
        UnsupportedVersion before that version.
        """
        return self._newer("GET", "/metadata", "metadata", None)

    def _query(self, identifier: str | None, **more: str) -> tuple[tuple[str, str], ...]:
        version = {} if self.version == "none" else {"api-version": self.version}
        named = {} if identifier is None else {"identifier": identifier}
        return tuple(
            (named | version | {key: value for key, value in more.items() if value}).items()
        )

    def _about_file(
        self, method: str, identifier: str, name: str, route: str, own_route: bool = False
    ) -> Call:
        directory, base = split_name(name)
        path = route.format(quote(base, safe=""))
        query = self._query(identifier, path=directory)
        return Call(method, path, query, subject="file", file=name, own_route=own_route)

    def _newer(self, method: str, path: str, subject: Subject, identifier: str | None) -> Call:
        if not self.sessions:
            knowing = ", ".join(
                version for version, dialect in DIALECTS.items() if dialect.sessions
            )
            ours = (
                "the API without api-version"
                if self.version == "none"
                else f"api-version {self.version}"
            )
            what = _NEWER_OPERATIONS[subject]
            raise UnsupportedVersion(f"{ours} has no {what}; these have: {knowing}")
        return Call(method, path, self._query(identifier), subject=subject)


DIALECTS: Mapping[str, Dialect] = {
    dialect.version: dialect
    for dialect in (
        Dialect("2025-10-02-preview", sessions=True, jupyter=True),
        Dialect("2025-02-02-preview", sessions=True),
        Dialect("2024-10-02-preview"),
        Dialect("2024-08-02-preview", flat=False),
        Dialect("2024-02-02-preview", flat=False),
        Dialect("none", flat=False),
    )
}
VERSIONS = tuple(DIALECTS)


def first_dialect(api_version: str) -> Dialect:
    """Returns the first dialect to try. api_version: "auto" or one of VERSIONS. Raises UsageError
    for any other.
    """
    if api_version == "auto":
        return DIALECTS[VERSIONS[0]]
    if api_version not in DIALECTS:
        raise UsageError(
            f"unknown api-version {api_version!r}; known are auto, {', '.join(VERSIONS)}"
        )
    return DIALECTS[api_version]


def older(
    dialect: Dialect, supported: Iterable[str] = (), other_shape: bool = False
) -> Dialect | None:
    """Returns the dialect to try after this one was rejected, or None if there is none left.

    supported: the versions that the service reports (api-supported-versions); of these the newest
    known, older one is chosen. other_shape: whether the route does not exist, so that the next
    version of the same shape would fail too.
    """
    left = [DIALECTS[version] for version in VERSIONS[VERSIONS.index(dialect.version) + 1 :]]
    if other_shape:
        return next((candidate for candidate in left if candidate.flat != dialect.flat), None)
    named = [candidate for candidate in left if candidate.version in set(supported)]
    return next(iter(named or left), None)


def split_name(name: str) -> tuple[str, str]:
    """Returns directory ("" for none) and base name of a file in the session.

    name: relative to /mnt/data, or absolute below it. Raises UsageError that names the first
    character that the service forbids (DOC-CI-2601: letters, digits and - _ space . @ $ & = ; , # %
    ^ ( ); no "." in directories).
    """
    *directories, base = name.removeprefix("/mnt/data/").split("/")
    for directory in directories:
        _check(name, directory, _PUNCTUATION, "directory")
    _check(name, base, _PUNCTUATION + ".", "file")
    if not base.strip("."):
        raise UsageError(f"{name!r} is not a file name: it consists of dots alone")
    return "/".join(directories), base


def _check(name: str, part: str, punctuation: str, kind: str) -> None:
    if not part:
        raise UsageError(
            f"{name!r} has an empty {kind} name; files are named relative to /mnt/data, such as"
            " dir/a.txt"
        )
    bad = re.search(f"[^{re.escape(punctuation)}]", "".join(c for c in part if not c.isalnum()))
    if bad:
        character = bad.group()
        shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
        raise UsageError(
            f"the service rejects {shown} in the {kind} name {part!r}; "
            f"allowed are letters, digits, space and {punctuation.replace(' ', '')}; "
            "in the session, require('fs') reaches files of any name"
        )

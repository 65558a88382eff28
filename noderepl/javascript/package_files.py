"""The code that tells for which platform a session needs packages and adds packages to it, and its
reports; package_files.js has the other half.

This module sends nothing itself.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

from msgspec import Meta

from noderepl.lazy_dataclasses import dataclass
from noderepl.schema import Check, Unfit, Word, decode

_REPORT = re.compile(r"packages-([\w-]{2,})", re.ASCII)
_Version = Annotated[str, Meta(pattern=r"^v\d{1,4}\.\d{1,6}\.\d{1,6}[\w.+-]{0,64}$")]
_Fact = Annotated[str, Meta(pattern=r"^[a-z0-9_]{0,32}$")]
_MOST_PACKAGES = 10_000


@dataclass(frozen=True, slots=True)
class Facts:
    """The Node.js of a session. platform, arch: as of `process`. libc: "glibc" or "musl" on Linux,
    else "".
    """

    version: _Version
    platform: _Fact
    arch: _Fact
    libc: _Fact


@dataclass(frozen=True, slots=True)
class Merged:
    """Packages were added. place: the directory of package.json and node_modules. added: names and
    versions. kept: the name of each package that the session had, its version, and the one that was
    not added.
    """

    place: Word
    added: Annotated[list[tuple[Word, Word]], Meta(max_length=_MOST_PACKAGES)]
    kept: Annotated[list[tuple[Word, Word, Word]], Meta(max_length=_MOST_PACKAGES)]


@dataclass(frozen=True, slots=True)
class Failed:
    """The work has failed and changed nothing. failure: the system's error code, or a word of
    package_files.js.
    """

    failure: Word


Report = TypeVar("Report", Facts, Merged)
_FAILED: Check[Failed] = Check(Failed)


def request(action: str, arguments: Mapping[str, object] = {}) -> str:
    """Returns JavaScript whose value is the report of an action. action: facts or merge. arguments:
    as package_files.js describes them.
    """
    source = Path(__file__).with_suffix(".js").read_text("utf-8").rstrip().removesuffix(";")
    return f"{source}({json.dumps({'action': action, **arguments})})"


def read_report(kind: type[Report], text: str) -> Report | Failed | None:
    """Returns the report in the inspect text or JSON of a value; None if there is none, or if it is
    unreadable.
    """
    found = _REPORT.search(text)
    if found is None:
        return None
    try:
        encoded = found[1].encode()
        decoded = decode(base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
        if isinstance(decoded, dict) and "failure" in decoded:
            return _FAILED.read(decoded)
        report: Report = Check[Report](kind).read(decoded)
    except (Unfit, ValueError):
        return None
    return report

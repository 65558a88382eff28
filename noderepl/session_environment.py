"""The environment variables that --env and --env-file set in a session."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from noderepl.errors import LocalFileError, UsageError
from noderepl.text_files import read_bytes

MOST_BYTES = 1 << 20
_QUOTES = "\"'`"


def read_environment(
    files: Sequence[str], given: Sequence[str], environ: Mapping[str, str]
) -> Mapping[str, str]:
    """Returns the variables for a session.

    files: names of files in Node.js' dotenv syntax; a later one overrides an earlier one. given:
    texts `K=V`, or `K` for the value in environ; they override the files. Raises UsageError and
    LocalFileError, which never quote a value.
    """
    variables: dict[str, str] = {}
    for name in files:
        variables |= parse_dotenv(_content(name))
    for text in given:
        key, equals, value = text.partition("=")
        if not equals and key and key not in environ:
            raise UsageError(f"--env {key}: this variable is not set; --env {key}=VALUE sets it")
        variables[key] = value if equals else environ.get(key, "")
    for key, value in variables.items():
        if not key or "\0" in key + value:
            raise UsageError("--env needs K=V, or the name K of a variable that is set")
        if re.search("[\udc80-\udcff]", key + value):
            raise UsageError(f"--env: the variable {key!a} is not UTF-8 text")
    return variables


def parse_dotenv(text: str) -> dict[str, str]:
    """Returns the variables of a text in the dotenv syntax of Node.js' --env-file."""
    found: dict[str, str] = {}
    text = text.replace("\r", "")
    at, end = 0, len(text)
    while at < end:
        stop = text.find("\n", at)
        stop = end if stop < 0 else stop
        equals = text.find("=", at, stop)
        key = text[at:equals].strip(" \t\n") if equals >= 0 else ""
        if not key or key.startswith("#"):
            at = stop + 1
            continue
        start = equals + 1
        while start < stop and text[start] in " \t":
            start += 1
        quote = text[start : start + 1]
        close = text.find(quote, start + 1) if quote and quote in _QUOTES else -1
        if close >= 0:
            value = text[start + 1 : close]
            value = value.replace("\\n", "\n") if quote == '"' else value
            stop = text.find("\n", close)
            stop = end if stop < 0 else stop
        else:
            line = text[start:stop]
            value = line if quote and quote in _QUOTES else line.partition("#")[0].strip(" \t\n")
        found[key.removeprefix("export ").strip(" \t\n")] = value
        at = stop + 1
    return found


def _content(name: str) -> str:
    try:
        return read_bytes(Path(name), MOST_BYTES, is_regular=False).decode("utf-8")
    except OSError as error:
        raise LocalFileError(f"--env-file {name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LocalFileError(f"--env-file {name}: not UTF-8 text at byte {error.start}") from error

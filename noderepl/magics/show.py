"""%show: a picture of the session at the terminal, or a picture or HTML in the user's viewer."""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from noderepl.errors import BadRequest, LocalFileError, NotFound, ServiceFailed, UsageError
from noderepl.exit_codes import end_of
from noderepl.file_names import shown_name
from noderepl.lazy_patterns import lazy_pattern
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.copy import result_number
from noderepl.magics.magic import Magic
from noderepl.magics.session_files import check_file, remote_file
from noderepl.outcome import Media, Outcome, Picture, Words
from noderepl.temporary_files import directory_until_exit, temporary_errors

MOST_BYTES = 20_000_000
VIEWER_SECONDS = 3.0
"""A viewer that runs longer has opened the file."""
SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/svg+xml": ".svg",
    "text/html": ".html",
}
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_SVG = lazy_pattern(rb"\s*(?:<\?xml[^>]{0,1000}>\s*)?(?:<!--.{0,1000}?-->\s*)?<svg[\s>]", re.DOTALL)
_HTML = lazy_pattern(
    rb"\s*(?:<!doctype\s+html|<html|<body|<table|<div|<p[\s>]|<h[1-6])", re.IGNORECASE
)
NOT_SHOWN = "is not a picture: PNG, JPEG, GIF and SVG are shown"
NO_DESKTOP = "there is no desktop here to open a viewer: %save --result and %download write files"


async def _show(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    given = arguments.parse(most=1, flags=("open",))
    word = given.words[0] if given.words else None
    if word is None or re.fullmatch("_?[0-9]+", word):
        number = None if word is None else result_number(word, arguments)
        name, found = await _result(context, number)
    else:
        name = remote_file(word, arguments)
        data = await _fetched(context, name)
        found = [Media(_type_of(data), data)]
    media = next((one for one in found if one.mime in SUFFIXES), None)
    if media is None:
        raise UsageError(f"{shown_name(name)} {NOT_SHOWN}")
    if "open" in given.flags:
        await open_in_viewer(media, context.environ)
        return [Words(f"Opened {shown_name(name)} in your viewer.")]
    if media.mime == "text/html":
        raise UsageError(f"{shown_name(name)} is HTML: --open opens it in your browser")
    return [Picture(media, name)]


async def _fetched(context: Context, name: str) -> bytes:
    session = await context.sessions.session()
    try:
        return await session.fetch(name, most=MOST_BYTES)
    except (NotFound, BadRequest, ServiceFailed):
        # A service may answer one of these for a directory, a link or a pipe.
        await check_file(context, name)
        raise


async def _result(context: Context, number: int | None) -> tuple[str, Sequence[Media]]:
    """Returns the name of a result and the media that it may be. number: of its snippet, None for
    the last one.
    """
    last = context.runner.last
    name = "the last result" if number is None else f"_{number}"
    if last is None and number is None:
        raise UsageError("there is nothing to show: no snippet has run yet")
    if last is not None and last.media and number in (None, last.number):
        return name, last.media[::-1]
    if last is not None and last.number is None:
        text = "" if last.value is None else str(last.value.data)
        return name, [_media(text.encode("utf-8", "replace"))]
    whole = await context.runner.whole(number or 0)
    if whole.error or (whole.value is None and not whole.media):
        raise UsageError(f"there is nothing to show: the session does not have {name}")
    if whole.media:
        return name, [_media(one.data) for one in whole.media]
    return name, [_media((whole.value.text if whole.value else "").encode("utf-8", "replace"))]


def _media(data: bytes) -> Media:
    return Media(_type_of(data), data)


def _type_of(data: bytes) -> str:
    """Returns the media type of a file by its first bytes."""
    for start, mime in _STARTS:
        if data.startswith(start):
            return mime
    head = data[:4096].removeprefix(b"\xef\xbb\xbf")
    if _SVG.match(head):
        return "image/svg+xml"
    return "text/html" if _HTML.match(head) else "application/octet-stream"


async def open_in_viewer(media: Media, environ: Mapping[str, str]) -> None:
    """Opens a picture or HTML in the user's viewer, as a private temporary file that is removed
    when noderepl ends.

    environ: the user's environment. Raises LocalFileError.
    """
    program = "open" if sys.platform == "darwin" else "xdg-open"
    has_desktop = program == "open" or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    if not has_desktop or shutil.which(program) is None:
        raise LocalFileError(NO_DESKTOP)
    file = directory_until_exit() / f"{secrets.token_hex(4)}{SUFFIXES[media.mime]}"
    with temporary_errors():
        file.write_bytes(media.data)
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            file,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise LocalFileError(f"the viewer cannot be started: {error.strerror}") from error
    with suppress(TimeoutError):
        async with asyncio.timeout(VIEWER_SECONDS):
            if code := await process.wait():
                raise LocalFileError(f"{program} {end_of(code)}")


SHOW = Magic(
    name="show",
    group="Look",
    usage="%show [N|FILE] [--open]",
    summary="Show a picture: a result, or a file of the session",
    details=(
        "N is the number of a result: a Buffer with a PNG, JPEG or GIF, or SVG as text; without it,"
        " the last one.\nFILE is a file of the session. --open opens it, or HTML, in your viewer."
        " Needs the extra [images]."
    ),
    run=_show,
    completes="remote-file",
)

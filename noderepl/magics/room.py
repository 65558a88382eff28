"""Whether a session has room for files: an embedded session that exceeds a limit of its files is
ended with its variables, so that this is known before they are sent.

The limits of a remote pool are not known here.
"""

from __future__ import annotations

from noderepl.errors import LocalFileError
from noderepl.magics.context import Context
from noderepl.units import human_size


async def check_room(
    context: Context,
    name: str,
    *,
    size: int,
    entries: int,
    largest: tuple[str, int],
    aside: int = 0,
) -> None:
    """Raises LocalFileError if the session has no room for files.

    name: of the file or directory. size: bytes of all files. entries: the number of files and
    directories. largest: the name and the bytes of the largest file. aside: further bytes during
    the transfer.
    """
    room = await context.sessions.room()
    if room is None:
        return
    file, most = largest
    if most >= room.file:
        raise LocalFileError(
            f"{file} has {human_size(most)}, but a file in an embedded session must be smaller than"
            f" {room.limit_of_file}; split it, or upload the other files without it"
        )
    if not room.has(size + aside, entries):
        raise LocalFileError(
            f"{name} needs {human_size(size)}, but the files of an embedded session may take"
            f" {room.limit_of_disk} in all and {human_size(room.free)} are free; delete some with"
            " %rm, or upload fewer files"
        )

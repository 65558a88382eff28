"""The room for files in a session of a pool."""

from __future__ import annotations

from asking import connect, execute

from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.pool import Pool
from noderepl.service.room import Room
from noderepl.service.usage import ENTRY


async def test_the_room_is_what_the_files_leave() -> None:
    """A new session has all of it; one with files has the rest."""
    pool = Pool(Launcher(find_node(), file=1 << 20, disk=8 << 20))
    try:
        new = await pool.room("test-session")
        assert new == Room(1 << 20, 8 << 20, 0)
        async with connect(pool) as client:
            await execute(client, "fs.writeFileSync('/mnt/data/f', Buffer.alloc(500_000, 1))")
        room = await pool.room("test-session")
        assert 500_000 < room.used < 2_000_000
        assert room.free == room.disk - room.used
    finally:
        await pool.close()


def test_each_file_takes_an_entry_at_least() -> None:
    """Many empty files take room too."""
    room = Room(1 << 30, 1 << 20, 0)
    assert room.has(0, (1 << 20) // ENTRY)
    assert not room.has(1, (1 << 20) // ENTRY)
    assert (room.limit_of_file, room.limit_of_disk) == ("1 GiB", "1 MiB")
    assert Room(1, 1, 2).free == 0

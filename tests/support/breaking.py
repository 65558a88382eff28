"""A noderepl in which chosen functions fail on demand: what nobody foresees cannot be brought about otherwise."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

SECRET = "text-of-an-error-with-a-secret"
PROGRAM = f"""
import asyncio, importlib, inspect, sys
from pathlib import Path

kinds = {{kind.__name__: kind for kind in (asyncio.CancelledError, EOFError, KeyError, MemoryError, OSError,
          RecursionError, TypeError, UnicodeError)}}
wanted = Path(sys.argv.pop(1))

def check(place):
    found = wanted.read_text().split() if wanted.exists() else []
    if place in found:
        raise kinds[found[0]]({SECRET!r})

def broken(place, function):
    if inspect.iscoroutinefunction(function):
        async def wrapped(*given, **named):
            check(place)
            return await function(*given, **named)
    else:
        def wrapped(*given, **named):
            check(place)
            return function(*given, **named)
    return wrapped

for place in sys.argv.pop(1).split(","):
    module, _, path = place.partition(":")
    owner = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    setattr(owner, name, broken(place, getattr(owner, name)))

from noderepl.__main__ import main
sys.exit(main())
"""


class Breaking:
    """The command line of a noderepl with functions that fail. places: the functions, `module:name` or `module:Class.name`."""

    def __init__(self, directory: Path, places: Sequence[str]) -> None:
        self._wanted = directory / "fails-now"
        self._places = ",".join(places)

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-c", PROGRAM, str(self._wanted), self._places, *arguments]

    def fail(self, place: str, kind: str = "TypeError") -> None:
        """Makes one of the places fail from now on."""
        self._wanted.with_suffix(".new").write_text(f"{kind} {place}")
        self._wanted.with_suffix(".new").rename(self._wanted)

    def work(self) -> None:
        """Makes all of them work again."""
        self._wanted.unlink(missing_ok=True)

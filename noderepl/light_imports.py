"""Imports modules of the standard library without what they rarely use, which takes most of their
time: Node.js starts after them.

Nothing may import these modules before.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


class _LateModule(ModuleType):
    """A module, not a package, that is imported when an attribute of it is used."""

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":  # each import of a name looks for it
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


@contextmanager
def late(*names: str, **attributes: object) -> Iterator[None]:
    """Defers the import of these modules by others inside the block, until they use one. A module
    that has been imported is not deferred. attributes: their use imports nothing.
    """
    replaced = [_LateModule(name) for name in names if name not in sys.modules]
    for module in replaced:
        vars(module).update(attributes)
    sys.modules.update({module.__name__: module for module in replaced})
    try:
        yield
    finally:
        for module in replaced:
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]


def import_asyncio() -> None:
    """Imports asyncio without inspect, which it uses to describe tasks and in its debug mode."""
    with late("inspect"):
        import asyncio  # noqa: F401


# dataclasses does not use it for the classes of this package: see lazy_dataclasses.py.
with late("inspect"):
    import dataclasses  # noqa: F401
# shutil looks only whether they exist.
with late("bz2", "lzma", "zlib"):
    import shutil  # noqa: F401
# urllib needs it for addresses of IPv6.
with late("ipaddress"):
    import urllib.parse  # noqa: F401

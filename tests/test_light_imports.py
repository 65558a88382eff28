"""light_imports.py imports parts of the standard library without what they rarely need."""

import subprocess
import sys

import pytest

LATE = ("inspect", "bz2", "lzma", "zlib", "ipaddress")


def ran(code: str) -> str:
    """What some code prints in a fresh interpreter."""
    line = [sys.executable, "-I", "-c", code]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


def test_what_is_rarely_needed_is_not_imported():
    """The modules are there, the late ones are not."""
    code = f"""import sys
sys.path.insert(0, {sys.path[0]!r})
before = set(sys.modules)
from noderepl import light_imports
new = sys.modules.keys() - before
print([name in sys.modules for name in ("dataclasses", "shutil")], sorted(new & set({LATE!r})))"""
    assert ran(code) == "[True, True] []\n"


@pytest.mark.parametrize("late", LATE)
def test_a_late_module_works_when_it_is_needed(late):
    """Its user gets the real module, and so does an import."""
    code = f"""import sys
from noderepl import light_imports
import dataclasses, shutil, {late}
assert {late} is sys.modules[{late!r}] and type({late}) is type(sys) and {late}.__file__
print(sorted(name for name, *_ in shutil.get_archive_formats()))
@dataclasses.dataclass
class Point:
    x: int
print(Point.__doc__)"""
    assert ran(code) == "['bztar', 'gztar', 'tar', 'xztar', 'zip']\nPoint(x: int)\n"


def test_a_module_is_imported_for_what_it_is_not_given():
    """Another thread may import a deferred module too, and must get all of it."""
    code = f"""import sys
sys.path[:0] = {sys.path!r}
from noderepl.light_imports import late
with late("typing_extensions", Required=1):
    from typing_extensions import Required
    assert Required == 1 and "typing_extensions" in sys.modules
    before = sys.modules["typing_extensions"]
    from typing_extensions import Protocol, deprecated
    after = sys.modules["typing_extensions"]
assert before is not after and after.Protocol is Protocol and after is sys.modules["typing_extensions"]
with late("typing_extensions"):
    assert sys.modules["typing_extensions"] is after
print("done")"""
    assert ran(code) == "done\n"


def test_types_are_checked_without_typing_extensions():
    """msgspec gets from typing what it uses, and nothing else is missing afterwards."""
    code = f"""import sys
sys.path[:0] = {sys.path!r}
from noderepl.schema import Check, Count
print(Check(list[Count]).read([1]), "typing_extensions" in sys.modules)
import typing_extensions
print(typing_extensions.__file__ is not None)"""
    assert ran(code) == "[1] False\nTrue\n"

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

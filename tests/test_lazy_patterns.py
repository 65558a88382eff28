"""Expressions of lazy_patterns behave as those of re, and are compiled only when they are used."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import noderepl
from noderepl.lazy_patterns import _Pattern, lazy_pattern

ROOT = Path(noderepl.__file__).parent


@pytest.mark.parametrize(
    ("source", "flags", "text"), [(r"(a)(?P<b>B)?", re.IGNORECASE, "xAb"), (rb"a+", 0, b"baa")]
)
def test_an_expression_is_as_one_of_re(source, flags, text):
    """Methods and attributes are those of the compiled expression, also when they are used again."""
    ours, theirs = lazy_pattern(source, flags), re.compile(source, flags)
    for _ in range(2):
        found, expected = ours.search(text), theirs.search(text)
        assert (found.span(), found.groupdict()) == (expected.span(), expected.groupdict())
        assert ours.sub(text[:0], text) == theirs.sub(text[:0], text)
    assert (ours.pattern, ours.flags, ours.groups) == (theirs.pattern, theirs.flags, theirs.groups)


def test_all_expressions_are_valid():
    """Each expression of noderepl compiles, as nothing else notices before it is used."""
    names = re.compile(r"^(\w+)(?:: [^=\n]+)? = lazy_pattern\(", re.MULTILINE)
    found = 0
    for file in ROOT.rglob("*.py"):
        module = ".".join(("noderepl", *file.relative_to(ROOT).with_suffix("").parts))
        for name in names.findall(file.read_text()):
            expression = getattr(import_module(module), name)
            assert isinstance(expression, _Pattern)
            assert re.compile(expression.pattern, expression.flags)
            found += 1
    assert found > 100


def test_nothing_is_compiled_at_import():
    """The definition of an expression compiles nothing."""
    code = """import re
from noderepl.lazy_patterns import lazy_pattern
compiled = []
run = re.compile
re.compile = lambda *rest: (compiled.append(rest), run(*rest))[1]
expression = lazy_pattern("a")
print(len(compiled), expression.match("a")[0], expression.match("ab")[0], len(compiled))"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "0 a a 1\n"

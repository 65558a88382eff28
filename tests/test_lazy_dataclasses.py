"""Classes of lazy_dataclasses behave as those of the standard library."""

import copy
import dataclasses
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict, field, replace
from functools import partial

import pytest

from noderepl.lazy_dataclasses import dataclass
from noderepl.schema import Check, Unfit


class Base:
    __slots__ = ()


def classes(decorate):
    """The same classes of another decorator: frozen, mutable, by name only, without fields, derived, compared by identity."""

    @decorate(frozen=True, slots=True)
    class Point(Base):
        """A point."""

        x: int
        y: int = 2
        tags: list[str] = field(default_factory=list)
        secret: str = field(default="", repr=False, compare=False)

    @decorate
    class Counter:
        count: int = 0
        names: dict[str, int] = field(default_factory=dict)

    @decorate(frozen=True, slots=True, kw_only=True)
    class Named:
        first: str
        last: str = "b"

    @decorate(frozen=True, slots=True)
    class Empty:
        pass

    @decorate(frozen=True, slots=True, kw_only=True)
    class Longer(Named):
        middle: int = 3

    @decorate(eq=False)
    class Lane:
        number: int

    @decorate(frozen=True)
    class Own:
        value: int

        def __repr__(self):
            return "mine"

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 7

    @decorate
    class Sum:
        one: int
        both: int = field(init=False)

        def __post_init__(self):
            self.both = self.one + 1

    return Point, Counter, Named, Empty, Longer, Lane, Own, Sum


def described(action):
    """The value of an action, or the kind of its error."""
    try:
        return action()
    except Exception as error:
        return type(error)


OBSERVATIONS = {
    "values by position": lambda p, *_: (p(1).x, p(1).y, p(1, 3).y, p(1, 3, ["a"]).tags),
    "values by name": lambda p, *_: repr(p(x=1, tags=["b"], secret="s")),
    "missing value": lambda p, *_: p(),
    "unknown name": lambda p, *_: p(1, z=2),
    "two values": lambda p, *_: p(1, x=2),
    "too many values": lambda p, *_: p(1, 2, [], "", 5),
    "default lists are apart": lambda p, *_: p(1).tags is p(1).tags,
    "equality": lambda p, *_: (p(1) == p(1, secret="s"), p(1) == p(2), p(1) == 1, p(1) != p(1, 3)),
    "hash of a list": lambda p, *_: hash(p(1)),
    "change": lambda p, *_: setattr(p(1), "x", 2),
    "deletion": lambda p, *_: delattr(p(1), "x"),
    "no dict": lambda p, *_: hasattr(p(1), "__dict__"),
    "match": lambda p, *_: p.__match_args__,
    "replace": lambda p, *_: repr(replace(p(1, 5), x=4)),
    "asdict": lambda p, *_: asdict(p(1, 5, ["a"])),
    "fields": lambda p, *_: [f.name for f in dataclasses.fields(p)],
    "documentation": lambda p, *_: p.__doc__,
    "base class": lambda p, *_: isinstance(p(1), Base),
    "mutable": lambda _, c, *__: [repr(one) for one in [c()] if setattr(one, "count", 2) is None],
    "mutable is not hashable": lambda _, c, *__: hash(c()),
    "mutable equality": lambda _, c, *__: (c() == c(), c(1) == c(2), c.count),
    "by name only": lambda _, __, n, *___: n("a"),
    "by name": lambda _, __, n, *___: (repr(n(first="a")), hash(n(first="a")) == hash(n(first="a"))),
    "without fields": lambda *all: (all[3]() == all[3](), repr(all[3]()), all[3](1)),
    "empty": lambda *all: (all[3]() == all[3](), repr(all[3]()), len({all[3](), all[3]()})),
    "derived": lambda *all: repr(all[4](first="a", middle=4)),
    "derived and base": lambda *all: all[4](first="a") == all[2](first="a"),
    "by identity": lambda *all: (all[5](1) == all[5](1), len({all[5](1), all[5](1)})),
    "own methods": lambda *all: (repr(all[6](1)), all[6](1) == all[6](2), hash(all[6](3))),
    "derived field": lambda *all: (all[7](1).both, all[7](1, 2)),
    "derived field's value": lambda *all: repr(all[7](4)),
}  # fmt: skip


@pytest.mark.parametrize("what", OBSERVATIONS)
def test_a_class_is_as_one_of_the_standard_library(what):
    """Construction, equality, hash, text, immutability, replace() and asdict() are the same."""
    observe = OBSERVATIONS[what]
    ours, theirs = (
        described(partial(observe, *classes(decorate)))
        for decorate in (dataclass, dataclasses.dataclass)
    )
    assert ours == theirs


@dataclass(frozen=True, slots=True)
class Checked:
    """What a session sends. number: of something."""

    number: int
    text: str = "none"


def test_data_is_checked_into_a_class_that_has_no_instance_yet():
    """A Check reads data into a class, with its defaults and its types."""
    check = Check(Checked)
    assert check.read({"number": 1, "more": 2}) == Checked(1)
    with pytest.raises(Unfit):
        check.read({"number": "1"})
    with pytest.raises(FrozenInstanceError):
        check.read({"number": 1}).number = 2
    with pytest.raises(FrozenInstanceError):
        check.read({"number": 1}).other = 2


def test_nothing_is_compiled_at_import():
    """The definition of a class compiles no method, its first instance one."""
    code = """import builtins
from noderepl.lazy_dataclasses import dataclass
compiled = []
run = builtins.exec
builtins.exec = lambda source, *rest: (compiled.append(source), run(source, *rest))
@dataclass(frozen=True, slots=True)
class Point:
    '''A point.'''
    x: int
print(len(compiled), Point(1), Point(2), len(compiled))"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "0 Point(x=1) Point(x=2) 1\n"


@pytest.mark.parametrize("decorate", [dataclass, dataclasses.dataclass])
def test_rare_uses(decorate):
    """Copies, identical values that are not equal, and fields that the caller cannot give."""

    @decorate(frozen=True, slots=True)
    class One:
        value: object

    @decorate(slots=True)
    class Given:
        first: int
        second: int = field(init=False, default=2)
        third: list[int] = field(init=False, default_factory=list)

    nan = float("nan")
    assert copy.copy(One(nan)) == One(nan) and copy.deepcopy(One([1])) == One([1])
    assert One(nan) != One(float("nan")) and hash(One(1)) == hash((1,))
    assert (Given(1).second, Given(1).third) == (2, []) and Given(1).third is not Given(1).third


LATE = """
import sys
import noderepl.__main__
import noderepl.cli
import noderepl.settings
print("inspect" in sys.modules)
import dataclasses
@dataclasses.dataclass
class WithoutDocstring:
    x: int = 1
print(WithoutDocstring.__doc__, "inspect" in sys.modules)
"""


def test_inspect_is_imported_when_it_is_needed():
    """Its import would delay Node.js; the standard library's own dataclasses work all the same."""
    # Without the measurement of coverage, which imports it first.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    ran = subprocess.run(
        [sys.executable, "-c", LATE], capture_output=True, text=True, check=True, env=env
    )
    assert ran.stdout.splitlines() == ["False", "WithoutDocstring(x: int = 1) True"]

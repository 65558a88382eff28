"""The text behind a magic's name, cut into words and options as a shell would.

It knows no single magic: each says what it takes.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from noderepl.errors import UsageError


@dataclass(frozen=True)
class Parsed:
    """words: the arguments that are no options. values: an option's name to its value. flags: the flags given."""

    words: tuple[str, ...]
    values: Mapping[str, str]
    flags: frozenset[str]


@dataclass(frozen=True)
class Arguments:
    """What follows a magic's name. usage: the magic's usage line, for errors. text: as typed, outer spaces removed."""

    usage: str
    text: str

    def wrong(self, why: str) -> UsageError:
        """The error that says why these arguments do not do, and the usage line."""
        return UsageError(f"{why}; usage: {self.usage}")

    def words(self) -> list[str]:
        """The text cut at spaces, quotes and backslashes as in a POSIX shell.

        Raises UsageError where a quote is not closed, and where another line begins with % (two magics at once).
        """
        if any(line.lstrip().startswith("%") for line in self.text.splitlines()[1:]):
            raise self.wrong("these are several magics, and they go one at a time")
        try:
            return shlex.split(self.text)
        except ValueError:
            raise self.wrong("a quote is not closed, or a backslash at the end stands before nothing") from None

    def parse(
        self,
        *,
        least: int = 0,
        most: int | None = None,
        flags: Collection[str] = (),
        values: Collection[str] = (),
    ) -> Parsed:
        """Sort the words into arguments and options.

        least, most: how many arguments there may be (most None: any number). flags: names of options without a value
        (`--force`). values: names of options with one (`--as NAME`, `--as=NAME`). A word `--` ends the options; a
        single dash begins none. Raises UsageError.
        """
        words: list[str] = []
        found: dict[str, str] = {}
        raised: set[str] = set()
        rest = iter(self.words())
        for word in rest:
            if word == "--":
                words.extend(rest)
            elif not word.startswith("--"):
                words.append(word)
            else:
                name, equals, value = word.removeprefix("--").partition("=")
                if name in flags and not equals:
                    raised.add(name)
                elif name in values:
                    given = value if equals else next(rest, "")
                    if not given:
                        raise self.wrong(f"--{name} needs a value")
                    found[name] = given
                else:
                    raise self.wrong(f"there is no option {word}")
        if len(words) < least:
            raise self.wrong("an argument is missing")
        if most is not None and len(words) > most:
            raise self.wrong(f"{words[most]!r} is one argument too many")
        return Parsed(tuple(words), MappingProxyType(found), frozenset(raised))

    def optional(self) -> str | None:
        """The one argument, or None where there is none. Raises UsageError on options and on more than one."""
        words = self.parse(most=1).words
        return words[0] if words else None

    def whole(self, low: int, high: int) -> int | None:
        """The one argument as a whole number from low to high, or None where there is none. Raises UsageError."""
        word = self.optional()
        if word is None:
            return None
        # So many digits and no more: Python refuses to read very long numbers.
        if not (word.isdecimal() and len(word) <= len(str(high)) and low <= int(word) <= high):
            raise self.wrong(f"{word!r} is no whole number from {low} to {high}")
        return int(word)

    def choice(self, choices: Collection[str]) -> str | None:
        """The one argument if it is among these choices, or None where there is none. Raises UsageError."""
        word = self.optional()
        if word is not None and word not in choices:
            raise self.wrong(f"{word!r} is none of {', '.join(choices)}")
        return word

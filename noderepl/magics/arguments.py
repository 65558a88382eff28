"""Splits the text after a magic's name into words and options, as a shell does.

This module does not depend on any magic: each magic declares its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from noderepl.errors import UsageError
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

_SINGLE = r"'[^']*+(?:'|\Z)"
_DOUBLE = r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
_WORD = lazy_pattern(rf"(?:[^ \t\r\n'\"\\]++|\\(?:.|\Z)|{_SINGLE}|{_DOUBLE})++", re.DOTALL)
_QUOTED = lazy_pattern(rf"\\(?:.|\Z)|{_SINGLE}|{_DOUBLE}", re.DOTALL)
_ESCAPED = lazy_pattern(r'\\(["\\\n])')
_CONTINUED = lazy_pattern(r"(?:\\\n)+")
LONGEST = 100_000
"""Characters of all arguments."""


class Word(NamedTuple):
    """One word of a text. text: without quotes and backslashes. start, end: of its part of the
    text. is_complete: whether its quotes are closed.
    """

    text: str
    start: int
    end: int
    is_complete: bool


def split(text: str) -> Iterator[Word]:
    """Yields the words of a text, split at spaces, quotes and backslashes as in a POSIX shell; a
    backslash at the end of a line joins it to the next. A quote that is not closed ends with the
    text.
    """
    for found in _WORD.finditer(text):
        raw = found[0]
        if _CONTINUED.fullmatch(raw):
            continue
        parts = _QUOTED.findall(raw)
        is_complete = not parts or _is_closed(parts[-1])
        yield Word(_QUOTED.sub(_unquoted, raw), *found.span(), is_complete)


def _is_closed(part: str) -> bool:
    if part[0] == "\\":
        return len(part) > 1
    if len(part) == 1 or part[-1] != part[0]:
        return False
    # The last quote may itself be escaped.
    escaped = len(part) - 1 - len(part[:-1].rstrip("\\"))
    return part[0] == "'" or escaped % 2 == 0


def _unquoted(found: re.Match[str]) -> str:
    part = found[0]
    if part[0] == "\\":
        return part[1:].replace("\n", "")
    inner = part[1:-1] if _is_closed(part) else part[1:]
    return inner if part[0] == "'" else _ESCAPED.sub(_unescaped, inner)


def _unescaped(found: re.Match[str]) -> str:
    return found[1].replace("\n", "")


@dataclass(frozen=True)
class Parsed:
    """words: the positional arguments. values: the values of options, by name. flags: the flags
    that were given.
    """

    words: tuple[str, ...]
    values: Mapping[str, str]
    flags: frozenset[str]


@dataclass(frozen=True)
class Arguments:
    """The text after a magic's name. usage: the magic's usage line, for errors. text: as typed,
    without outer spaces.
    """

    usage: str
    text: str

    def wrong(self, why: str) -> UsageError:
        """Returns the error for invalid arguments, with the usage line. why: the reason."""
        return UsageError(f"{why}; usage: {self.usage}")

    def words(self) -> list[str]:
        """Returns the text split at spaces, quotes and backslashes as in a POSIX shell.

        Raises UsageError if a quote is not closed, if another line begins with % (two magics at
        once), or if the text has more than 100,000 characters.
        """
        if len(self.text) > LONGEST:
            raise self.wrong(f"the arguments are longer than {LONGEST:,} characters")
        if any(line.lstrip().startswith("%") for line in self.text.split("\n")[1:]):
            raise self.wrong("only one magic may be given at a time")
        words = list(split(self.text))
        if not all(word.is_complete for word in words):
            raise self.wrong("unclosed quote or trailing backslash")
        return [word.text for word in words]

    def parse(
        self,
        *,
        least: int = 0,
        most: int | None = None,
        flags: Collection[str] = (),
        values: Collection[str] = (),
    ) -> Parsed:
        """Returns the words, sorted into arguments and options.

        least, most: the minimum and maximum number of arguments (most None: no maximum). flags:
        names of options without a value (`--force`). values: names of options with a value (`--as
        NAME`, `--as=NAME`). A word `--` ends the options; a single dash begins none. Raises
        UsageError.
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
            raise self.wrong(f"{words[most]!r} is an extra argument")
        return Parsed(tuple(words), MappingProxyType(found), frozenset(raised))

    def optional(self) -> str | None:
        """Returns the one argument, None if there is none. Raises UsageError for options and for
        several arguments.
        """
        words = self.parse(most=1).words
        return words[0] if words else None

    def whole(self, low: int, high: int) -> int | None:
        """Returns the one argument as a whole number from low to high, None if there is none.
        Raises UsageError.
        """
        word = self.optional()
        if word is None:
            return None
        # The number of digits is limited because Python rejects very long numbers.
        if not (word.isdecimal() and len(word) <= len(str(high)) and low <= int(word) <= high):
            raise self.wrong(f"{word!r} is not a whole number from {low} to {high}")
        return int(word)

    def choice(self, choices: Collection[str]) -> str | None:
        """Returns the one argument if it is one of the choices, None if there is none. Raises
        UsageError.
        """
        word = self.optional()
        if word is not None and word not in choices:
            raise self.wrong(f"{word!r} is not one of {', '.join(choices)}")
        return word

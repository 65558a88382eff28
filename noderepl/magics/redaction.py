"""Removes secrets from an input before the history gets it: the identifiers of sessions, tokens,
and the values of other options that are secret.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from noderepl.lazy_patterns import lazy_pattern
from noderepl.magics.arguments import split
from noderepl.options import BY_NAME

_SECRET = frozenset({"token", *(name for name, option in BY_NAME.items() if option.secret)})
_NAMES = frozenset({"token", "profile", "keys", *BY_NAME})
_ACTIONS = frozenset({"set", "unset"})
_SUBCOMMANDS = frozenset({"info", "list", "new", "use", "name", "keep", "delete"})
# In front of % may be a mistake, such as the ? of a question.
_MAGIC_LINE = lazy_pattern(r"(?m)^[^\w\n%]*%[^\n]*(?:(?<=\\)\n[^\n]*)*")
_NAME = lazy_pattern(r"[^a-z]*([a-z]*)(.*)", re.DOTALL)
_WORD = lazy_pattern(r"[^\s=]+")
# Characters of an input whose words are not compared with misspelt names.
_LONG = 20_000
_FIRST_WORDS = 4
_LONGEST_NAME = 24
_SHORT = 16
_LIKENESS = 0.5


def without_secrets(text: str, magics: Collection[str]) -> str:
    """Returns an input without its secrets: the words of magics that are the identifier of a
    session or the value of a secret option, in any order and quotation, also if a name before them
    is misspelt. All else stays.

    magics: the names of all magics.
    """
    if "%" not in text:
        return text
    pieces: list[str] = []
    done = 0
    is_long = len(text) > _LONG
    for start, end, is_certain in _inputs(text):
        line = text[start:end]
        for first, last in (
            _cuts_of_long(line) if is_long else _cuts(line, magics, is_certain=is_certain)
        ):
            pieces.append(text[done : start + first])
            done = start + last
    return "".join([*pieces, text[done:]])


def _inputs(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yields where each magic starts and ends, and whether it is certainly one.

    In a text that begins with a magic, a line that begins none belongs to the one above. Other
    texts are JavaScript, in which % is an operator.
    """
    found = [one.span() for one in _MAGIC_LINE.finditer(text)]
    if not found or text[: found[0][0]].strip():
        yield from ((start, end, False) for start, end in found)
        return
    lines = sum(text.count("\n", start, end) + 1 for start, end in found)
    are_all = lines == sum(bool(line.strip()) for line in text.split("\n"))
    ends = [*(start for start, _ in found[1:]), len(text)]
    for number, ((start, _), end) in enumerate(zip(found, ends, strict=True)):
        yield start, end, number == 0 or are_all


def _cuts(line: str, magics: Collection[str], *, is_certain: bool) -> Iterator[tuple[int, int]]:
    """Yields the parts of a magic that are secret, with the space before them."""
    words = list(split(line))
    texts = [word.text for word in words]
    kept = list(_kept_of_options(texts))
    for place, typed in enumerate(texts):
        if "%" not in typed and (place != 1 or not texts[0].endswith("%")):
            continue
        # Behind another magic, such as %time, is JavaScript.
        is_certain = is_certain and (place == 0 or texts[0].endswith("%"))
        name, length = _meant(typed, magics, is_certain=is_certain)
        if name in _KEPT:
            kept[place] = length
            following = texts[place + 1 :]
            choices = _SUBCOMMANDS if name == "session" else _ACTIONS
            if is_certain or _is_like(following[0] if following else "", choices):
                kept[place + 1 :] = map(min, kept[place + 1 :], _KEPT[name](following))
            break
    end = 0
    for word, length in zip(words, kept, strict=True):
        if length < len(word.text):
            # In a word with quotes, the place of a part is unknown.
            is_plain = line[word.start : word.start + length] == word.text[:length]
            yield (word.start + length if length and is_plain else end), word.end
        end = word.end


def _cuts_of_long(line: str) -> Iterator[tuple[int, int]]:
    """Yields the part of a long magic that is secret: everything behind the name of a magic with
    secrets, spelt exactly. Takes little time for each character.
    """
    for found in islice(_WORD.finditer(line), _FIRST_WORDS):
        if found[0].strip("%?'\"").lower() in _KEPT:
            yield found.end(), len(line.rstrip("\n"))
            return


def _meant(word: str, magics: Collection[str], *, is_certain: bool) -> tuple[str, int]:
    """Returns the name of the magic with secrets that a word means, "" if it means none, and how
    many characters of the word stay.
    """
    found = _NAME.fullmatch(word.lower())
    assert found is not None
    name, rest = found[1], found[2].strip("?")
    length = found.end(1) if rest else len(word)
    if name in magics:
        return (name, length) if is_certain or not rest else ("", 0)
    if not is_certain or not _is_like(name, _KEPT):
        return "", 0
    return _nearest(name, tuple(magics)), length


def _is_like(word: str, names: Collection[str]) -> bool:
    """Returns whether a word is one of some names, or one of them misspelt."""
    word = word.lower()
    return word in names or (0 < len(word) <= _LONGEST_NAME and bool(_nearest(word, tuple(names))))


@lru_cache(maxsize=1000)
def _nearest(word: str, names: tuple[str, ...]) -> str:
    return next(iter(difflib.get_close_matches(word, names, n=1, cutoff=_LIKENESS)), "")


def _kept_of_options(words: Sequence[str]) -> Iterator[int]:
    """Yields how many characters of each word stay: none of the value of --session or --token."""
    is_value = False
    for word in words:
        if is_value:
            yield 0
            is_value = False
            continue
        name, equals, _ = word.partition("=")
        is_secret = name.startswith("--") and _option_name(name) in _SECRET
        is_value = is_secret and not equals
        yield len(name) if is_secret else len(word)


def _kept_of_session(words: Sequence[str]) -> Iterator[int]:
    """Yields how many characters of each argument of %session stay."""
    from noderepl.sessions.records import may_be_new_name

    before = ""
    for place, word in enumerate(words):
        is_shown = (
            word.lower() in _SUBCOMMANDS
            or word == "--id"
            or (place == 0 and _is_like(word, _SUBCOMMANDS))
            or (before == "name" and (len(word) <= _SHORT or may_be_new_name(word)))
        )
        yield len(word) if is_shown else 0
        before = word.lower()


def _kept_of_config(words: Sequence[str]) -> Iterator[int]:
    """Yields how many characters of each argument of %config stay."""
    name: str | None = None
    has_action = is_profile = False
    for word in words:
        option, _, value = word.partition("=")
        if is_profile or option == "--profile":
            is_profile = not is_profile and word == option
            yield len(word)
        elif name is not None:
            yield _kept_of_value(name, word)
        elif not has_action and _option_name(option) not in _NAMES and _is_like(option, _ACTIONS):
            has_action = True
            yield len(word)
        else:
            name = _option_name(option)
            length = len(option) if _is_like(name.partition(".")[0], _NAMES) else 0
            shown = _kept_of_value(name, value)
            yield length + 1 + shown if length and shown else length


def _kept_of_value(name: str, value: str) -> int:
    """Returns how many characters of an option's value stay. name: as %config understands it."""
    if name not in BY_NAME:
        return len(value) if name.partition(".")[0] == "keys" else 0
    return len(BY_NAME[name].text(value).removesuffix("***"))


def _option_name(typed: str) -> str:
    return typed.lower().lstrip("-").replace("_", "-").removeprefix("noderepl-")


_KEPT: Mapping[str, Callable[[Sequence[str]], Iterator[int]]] = {
    "session": _kept_of_session,
    "config": _kept_of_config,
}

"""Makes remote text safe for a terminal: `visible` for text, `plain` for names and other parts of a
line.

This module does not depend on styles, streams or outcomes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

from noderepl.lazy_patterns import lazy_pattern

# The maximum length of a part of a long text in characters, and the distance from its end in which
# a line end is searched.
SLICE, LOOK_BACK = 1 << 18, 256
RESET = "\x1b[0m"
# Further combining marks on one character, more than any script needs, are shown as escapes.
MARKS = 4
_SGR = r"\x1b\[[0-9;:]*m"
COLOUR = lazy_pattern(_SGR)
_HIDDEN = (
    *(range(0x09), range(0x0B, 0x20)),  # C0 except tab and line feed
    range(0x7F, 0xA0),  # DEL and C1
    # Bidirectional controls.
    *(range(0x061C, 0x061D), range(0x200E, 0x2010), range(0x202A, 0x202F), range(0x2066, 0x206A)),
    range(0xD800, 0xE000),  # lone surrogates: no encoding has them
)
# Characters that have no width or are blank, or break a line, in a name or in typed code; of
# Unicode's default-ignorable characters all but the joiners, and the tags, which are too many for a
# table.
_UNSEEN = (
    0xAD,
    0x034F,
    *range(0x115F, 0x1161),
    *range(0x17B4, 0x17B6),
    *range(0x180B, 0x1810),
    0x200B,
    *range(0x2028, 0x202A),
    *range(0x2060, 0x2066),
    *range(0x206A, 0x2070),
    0x3164,
    *range(0xFE00, 0xFE0E),
    0xFEFF,
    0xFFA0,
    *range(0xFFF9, 0xFFFC),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
)
_TAGS = lazy_pattern("[\U000e0000-\U000e001f\U000e0080-\U000e0fff]")
JOINER = lazy_pattern("[\ufe0e\ufe0f\U000e0020-\U000e007f]|(?:^|(?<=[ -~]))[\u200c\u200d]")
"""A character that is only part of an emoji, or joins letters of some scripts; it is not seen
elsewhere.
"""


def escape(character: str) -> str:
    """Returns the escape of a character as JavaScript writes it."""
    code = ord(character)
    if code > 0xFFFF:
        return f"\\u{{{code:x}}}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


@cache
def _shown() -> Mapping[int, str]:
    """Returns the escape of each character that visible() escapes, by its code."""
    return {code: escape(chr(code)) for codes in _HIDDEN for code in codes}


@cache
def _plain() -> Mapping[int, str]:
    """Returns the escape of each character that plain() always escapes, by its code."""
    return {code: escape(chr(code)) for code in (0x09, 0x0A, *_UNSEEN)} | dict(_shown())


_HIDDEN_RANGES = "".join(f"{chr(codes[0])}-{chr(codes[-1])}" for codes in _HIDDEN)
_UNSAFE = lazy_pattern(f"({_SGR})|(?:(?!{_SGR})[{_HIDDEN_RANGES}])+")
# Characters that plain() never changes, and that combine with no other: ASCII, Latin, Cyrillic,
# punctuation, symbols, Chinese, Japanese and Korean.
_UNCHANGED = lazy_pattern(
    r"[ -~\u00a1-\u00ac\u00ae-\u02ff\u0400-\u0481\u048a-\u052f\u2010-\u2027\u2030-\u205e"
    r"\u20a0-\u20c0\u2190-\u21ff\u2500-\u25ff\u3001-\u3029\u3031-\u3096\u30a0-\u30ff"
    r"\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e]*+"
)
_RESETS = lazy_pattern(r"\x1b\[[0;:]*m\Z")


def visible(text: str, *, colour: bool) -> str:
    r"""Returns text that is safe for a terminal: it can only set colours and end lines.

    colour: whether SGR sequences (CSI, digits with `;` and `:`, m) pass; otherwise they are
    removed. If one is active at the end of the text, a reset is appended, so that no colour affects
    the following output.

    Every other control character is written as JavaScript escapes it, `\xHH` below U+0100 and
    `\uHHHH` above: C0 except tab and line feed, DEL, C1, bidirectional controls and lone
    surrogates. A sequence (OSC, DCS, APC, PM, SOS, cursor movement) is therefore shown whole, as
    `\x1b]0;title\x07`. CRLF becomes LF; any other CR is shown, because it could overwrite earlier
    text.

    Text in parts stays safe (a sequence that is split is shown), and the function is idempotent.
    Time is linear in the text.
    """
    last = ""

    def replace(match: re.Match[str]) -> str:
        nonlocal last
        if sequence := match[1]:
            last = sequence if colour else ""
            return last
        return match[0].translate(_shown())

    shown = _UNSAFE.sub(replace, text.replace("\r\n", "\n"))
    return shown + RESET if last and not _RESETS.match(last) else shown


def plain(text: str) -> str:
    r"""Returns a name, or another part of a line, in which no character hides, changes the
    direction, or breaks the line.

    The characters that visible() escapes are escaped here too, and also SGR sequences, tabs, line
    ends, characters without width, and combining marks after the first MARKS on a character.
    """
    return text if text.isascii() and text.isprintable() else "".join(plain_characters(text))


def plain_characters(text: str) -> Iterator[str]:
    """Yields the replacement of each character of a text by plain(), in order."""
    marks, escapes = 0, _plain()
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        shown = escapes.get(ord(character), character)
        yield escape(character) if marks > MARKS or _TAGS.match(character) else shown


def needs_plain(text: str) -> bool:
    """Returns whether plain() may change a text, or an emoji of several code points be in it; fast
    for ASCII and most letters.
    """
    return not text.isprintable() if text.isascii() else _UNCHANGED.fullmatch(text) is None


def all_shown() -> Mapping[str, str]:
    """Returns each character that plain() always escapes, with the escape."""
    return {chr(code): shown for code, shown in _plain().items()}


def slices(text: str) -> Iterator[str]:
    """Yields a long text in parts of up to SLICE characters: escaping it at once takes many times
    its memory.

    A part ends after a line end if there is one near; no part ends inside a sequence.
    """
    start = 0
    while len(text) - start > SLICE:
        end = start + SLICE
        cut = max(
            text.rfind("\n", end - LOOK_BACK, end) + 1, text.rfind("\x1b", end - LOOK_BACK, end)
        )
        end = cut if cut > start else end
        yield text[start:end]
        start = end
    yield text[start:] if start else text

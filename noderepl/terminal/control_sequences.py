"""The control sequences that a terminal sends: where one ends, and which key it stands for.

prompt_toolkit types a sequence that it does not know into the input. Here, each well-formed one is
a unit, whether or not it stands for a key.
"""

from __future__ import annotations

from enum import Enum, auto

from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.keys import Keys

from noderepl.lazy_patterns import lazy_pattern

ADD_LINE = Keys.F24
"""The key that stands for Enter with a modifier; no keyboard of today has it."""
LONGEST_STRING, LONGEST_SEQUENCE = 4096, 64
"""Characters of a string that begins as no answer of a terminal does, and of any other sequence."""

Key = str | Keys

# In the notation of ECMA-48: parameters, intermediates and a final byte. Besides, the function keys
# of the Linux console, and the reports of a mouse in the form of X10.
_CSI = lazy_pattern(r"\x1b\[(?:\[[A-E]|M[^\x1b]{3}|(?!\[|M)[0-?]*[ -/]*[@-~])")
_CSI_BEGIN = lazy_pattern(r"\x1b\[(?:\[|M[^\x1b]{0,2}|[0-?]*[ -/]*)")
_SS3 = lazy_pattern(r"\x1bO[0-9;]*[A-Za-z]")
_SS3_BEGIN = lazy_pattern(r"\x1bO[0-9;]*")
# How the answers of terminals begin, which nobody types behind an Escape.
_ANSWER_BEGIN = lazy_pattern(r"\x1b(?:\]\d{1,5}(?:;|\Z)|P[\d;>=?]{0,16}[|+$!]|_G)")
_STRINGS = ("\x1b]", "\x1bP", "\x1bX", "\x1b^", "\x1b_")

_CSI_U = lazy_pattern(
    r"\x1b\[(?P<code>\d{1,7})(?::(?P<shifted>\d{0,7}))?(?::\d{0,7})?"
    r"(?:;(?P<modifiers>\d{0,4})(?::(?P<event>\d))?)?(?:;[\d:]*)?u"
)
_OTHER_KEY = lazy_pattern(r"\x1b\[27;(?P<modifiers>\d{1,4});(?P<code>\d{1,7})~")
# An arrow or function key with a type of event: press, repeat or release.
_WITH_EVENT = lazy_pattern(r"\x1b\[(?P<code>\d*);(?P<modifiers>\d*):(?P<event>\d)(?P<final>[A-Z~])")
_RELEASE = "3"
_SHIFT, _ALT, _CTRL, _OTHERS, _CAPS = 1, 2, 4, 8 | 16 | 32, 64

_NAMED: dict[int, Key] = {
    9: Keys.ControlI,
    13: Keys.ControlM,
    27: Keys.Escape,
    127: Keys.ControlH,
    8: Keys.ControlH,
    # The keypad and its functions, as the keyboard protocol of kitty numbers them.
    **{57399 + digit: str(digit) for digit in range(10)},
    **dict(zip(range(57409, 57414), "./*-+", strict=True)),
    57414: Keys.ControlM,
    57415: "=",
    57416: ",",
    **dict(
        zip(
            range(57417, 57427),
            (
                *(Keys.Left, Keys.Right, Keys.Up, Keys.Down, Keys.PageUp, Keys.PageDown),
                *(Keys.Home, Keys.End, Keys.Insert, Keys.Delete),
            ),
            strict=True,
        )
    ),
}
_ENTERS = (13, 57414)
# Ctrl with a sign, which terminals send as a control character.
_CONTROLS: dict[str, Key] = {
    " ": Keys.ControlAt,
    "@": Keys.ControlAt,
    "2": Keys.ControlAt,
    "[": Keys.Escape,
    "\\": Keys.ControlBackslash,
    "]": Keys.ControlSquareClose,
    "^": Keys.ControlCircumflex,
    "6": Keys.ControlCircumflex,
    "_": Keys.ControlUnderscore,
    "-": Keys.ControlUnderscore,
    "/": Keys.ControlUnderscore,
    "?": Keys.ControlH,
}


class Extent(Enum):
    """How far a text is a control sequence: NONE: it cannot be one. TYPED: it may be the beginning
    of one, or keys. BEGUN: it is the beginning of one. WHOLE: it is one.
    """

    NONE = auto()
    TYPED = auto()
    BEGUN = auto()
    WHOLE = auto()


def extent(text: str) -> Extent:
    """Returns how far a text is a control sequence.

    text: begins with Escape; each shorter beginning of it is TYPED or BEGUN.
    """
    if text == "\x1b]":
        return Extent.BEGUN
    if len(text) < 3 and text in ("\x1b", "\x1b[", "\x1bO", *_STRINGS):
        return Extent.TYPED
    if text.startswith(_STRINGS):
        return _extent_of_string(text)
    if len(text) > LONGEST_SEQUENCE:
        return Extent.NONE
    if _CSI.fullmatch(text) or _SS3.fullmatch(text):
        return Extent.WHOLE
    is_begun = _CSI_BEGIN.fullmatch(text) or _SS3_BEGIN.fullmatch(text)
    return Extent.BEGUN if is_begun else Extent.NONE


def _extent_of_string(text: str) -> Extent:
    """The extent of an OSC, DCS, SOS, PM or APC: it ends with ST, an OSC also with BEL. Only the
    last characters are looked at, because the function is called for each of them.
    """
    last = text[-1]
    if text[-2] == "\x1b" and len(text) > 3:
        return Extent.WHOLE if last == "\\" else Extent.NONE
    if last == "\x07" and text[1] == "]":
        return Extent.WHOLE
    if last < " " and last != "\x1b":
        return Extent.NONE
    if _ANSWER_BEGIN.match(text):
        return Extent.BEGUN
    return Extent.TYPED if len(text) <= LONGEST_STRING else Extent.NONE


def keys_of(sequence: str) -> tuple[Key, ...]:
    """Returns the keys for which a whole control sequence stands; none for an answer of the
    terminal, a released key, or a key that is not known.
    """
    found = _CSI_U.fullmatch(sequence) or _OTHER_KEY.fullmatch(sequence)
    if found is not None and sequence not in _ODD:
        named = found.groupdict()
        if named.get("event") == _RELEASE:
            return ()
        modifiers = max(int(named["modifiers"] or 1) - 1, 0)
        return _pressed(int(named["code"]), int(named.get("shifted") or 0), modifiers)
    found = _WITH_EVENT.fullmatch(sequence)
    if found is not None:
        if found["event"] == _RELEASE:
            return ()
        modifiers = max(int(found["modifiers"] or 1) - 1, 0) & (_SHIFT | _ALT | _CTRL)
        code = found["code"] if found["code"] != "1" or modifiers else ""
        sequence = f"\x1b[{code}{f';{modifiers + 1}' if modifiers else ''}{found['final']}"
    known = ANSI_SEQUENCES.get(sequence, ())
    keys = known if isinstance(known, tuple) else (known,)
    return () if Keys.Ignore in keys else keys


# Sequences in the form of CSI u that mean something else to prompt_toolkit.
_ODD = frozenset(sequence for sequence in ANSI_SEQUENCES if sequence.endswith("u"))


def _pressed(code: int, shifted: int, modifiers: int) -> tuple[Key, ...]:
    """The keys for a code of CSI u or modifyOtherKeys with its modifiers."""
    if modifiers & _OTHERS:
        return ()
    if code in _ENTERS and modifiers & (_SHIFT | _ALT | _CTRL):
        return (ADD_LINE,)
    alt: tuple[Key, ...] = (Keys.Escape,) if modifiers & _ALT else ()
    if code == 9 and modifiers & _SHIFT:
        return (Keys.BackTab,)
    if code in (8, 127) and modifiers & _CTRL:
        alt = (Keys.Escape,)
    if code in _NAMED:
        return (*alt, _NAMED[code])
    if not 32 <= code < 0x110000 or 0xD800 <= code < 0xF900:
        return ()
    character = chr(code)
    if modifiers & _CTRL:
        control = _control(character)
        return (*alt, control) if control is not None else ()
    if modifiers & _SHIFT and shifted:
        character = chr(shifted) if 32 <= shifted < 0xD800 else character
    elif bool(modifiers & _SHIFT) != bool(modifiers & _CAPS) and len(character.upper()) == 1:
        character = character.upper()
    return (*alt, character) if character.isprintable() else ()


def _control(character: str) -> Key | None:
    if "a" <= character.lower() <= "z":
        return Keys(f"c-{character.lower()}")
    return _CONTROLS.get(character)

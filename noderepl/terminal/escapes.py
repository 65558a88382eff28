"""Remote text made safe for a terminal: `visible`, the one function that decides what may reach it.

Must not know styles, streams or outcomes.
"""

from __future__ import annotations

import re

RESET = "\x1b[0m"
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_HIDDEN = (
    *(code for code in range(0x20) if chr(code) not in "\t\n"),
    *range(0x7F, 0xA0),  # DEL and C1
    *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),  # they turn the direction of text around
    *range(0xD800, 0xE000),  # half of a surrogate pair: no encoding has it
)
_SHOWN = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _HIDDEN}
_UNSAFE = re.compile(f"({COLOUR.pattern})|(?:(?!{COLOUR.pattern})[{''.join(map(chr, _HIDDEN))}])+")
_RESETS = re.compile(r"\x1b\[[0;:]*m\Z")


def visible(text: str, *, colour: bool) -> str:
    r"""Text that a terminal may be given: it can colour itself and end lines, nothing else.

    colour: whether SGR sequences (CSI, digits with `;` and `:`, m) pass; they are removed otherwise. Where one is still
    in force at the end of the text, a reset follows, so no colour leaks into what comes next.

    Every other control character is written as JavaScript escapes it, `\xHH` below U+0100 and `\uHHHH` above: C0
    except tab and line feed, DEL, C1, bidirectional controls and lone surrogates. So a sequence (OSC, DCS, APC, PM,
    SOS, cursor movement) is shown whole, as `\x1b]0;title\x07`. CRLF becomes LF; any other CR is
    shown, as it could overwrite what was shown before.

    Text in pieces stays safe (a sequence cut in two is shown), and the answer given in again is unchanged. Time is
    linear in the text.
    """
    last = ""

    def replace(match: re.Match[str]) -> str:
        nonlocal last
        if sequence := match[1]:
            last = sequence if colour else ""
            return last
        return match[0].translate(_SHOWN)

    shown = _UNSAFE.sub(replace, text.replace("\r\n", "\n"))
    return shown + RESET if last and not _RESETS.match(last) else shown

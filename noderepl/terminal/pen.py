"""The colours and attributes that a program's SGR sequences set, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# The attribute that each parameter turns on, and the one that turns it off.
_ATTRIBUTES = {1: 22, 2: 22, 3: 23, 4: 24, 5: 25, 6: 25, 7: 27, 8: 28, 9: 29, 21: 24, 53: 55}
_ENDS = frozenset(_ATTRIBUTES.values())
_FOREGROUND, _BACKGROUND, _UNDERLINE = 38, 48, 58
_COLOURS = {39: _FOREGROUND, 49: _BACKGROUND, 59: _UNDERLINE}
# The number of parameters of an extended colour, by its kind: RGB, and a number of the palette.
_EXTENDED = {"2": 3, "5": 1}
_MOST = 255


class Pen:
    """What the SGR sequences so far have set. `.sequence`: sets the same again; "" for nothing."""

    def __init__(self) -> None:
        self._set: dict[int, tuple[int, str]] = {}
        self.sequence = ""

    def apply(self, parameters: str) -> None:
        """Follows one SGR sequence. parameters: the text between CSI and m; unknown ones have no
        effect.
        """
        if parameters in ("", "0"):
            self._set.clear()
        else:
            self._follow(parameters.split(";"))
        codes = ";".join(code for _, code in self._set.values())
        self.sequence = f"\x1b[{codes}m" if codes else ""

    def _follow(self, fields: Sequence[str]) -> None:
        rest = iter(fields)
        for field in rest:
            first, *parts = field.split(":")
            number = int(first[:4] or 0)
            if number == 0:
                self._set.clear()
            elif number in (_FOREGROUND, _BACKGROUND, _UNDERLINE):
                self._set_extended(
                    number, iter([part for part in parts if part]) if parts else rest
                )
            elif number in _ATTRIBUTES:
                is_styled = number == 4 and len(parts) == 1 and parts[0] in tuple("12345")
                self._set[number] = (_ATTRIBUTES[number], f"4:{parts[0]}" if is_styled else first)
                if number == 4 and parts == ["0"]:
                    del self._set[number]
            elif 30 <= number <= 37 or 90 <= number <= 97:
                self._set[_FOREGROUND] = (39, str(number))
            elif 40 <= number <= 47 or 100 <= number <= 107:
                self._set[_BACKGROUND] = (49, str(number))
            elif number in _COLOURS:
                self._set.pop(_COLOURS[number], None)
            elif number in _ENDS:
                self._set = {key: one for key, one in self._set.items() if one[0] != number}

    def _set_extended(self, number: int, rest: Iterator[str]) -> None:
        kind = next(rest, "")
        values = [next(rest, "") for _ in range(_EXTENDED.get(kind, 0))]
        if values and all(map(_is_level, values)):
            code = ";".join([str(number), kind, *(value or "0" for value in values)])
            self._set[number] = (0, code)


def _is_level(value: str) -> bool:
    """Returns whether a parameter is a part of a colour; an empty one is 0."""
    return not value or (len(value) <= 3 and value.isdecimal() and int(value) <= _MOST)

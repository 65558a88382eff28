"""Numbers with their units, for display."""

from __future__ import annotations


def human_size(size: int) -> str:
    """Returns a number of bytes for display: 999 B, 1.2 kB, 3.4 MB; a kB is 1000 B."""
    if abs(size) < 1000:
        return f"{size} B"
    number, units = size / 1000, ["TB", "GB", "MB", "kB"]
    while round(abs(number), 1) >= 1000 and len(units) > 1:
        number /= 1000
        units.pop()
    return f"{number:.1f} {units[-1]}"


def human_time(seconds: float) -> str:
    """Returns a duration with three digits in its largest unit: 12.3 ns, 4.56 µs, 789 ms, 1.02 s.

    seconds: not negative.
    """
    units = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
    fits = (one for one in units if seconds >= one[1] * 0.9995)
    unit, length = next(fits, ("ns", 1e-9))
    number = seconds / length
    digits = 0 if number >= 99.95 else 1 if number >= 9.995 else 2
    return f"{number:.{digits}f} {unit}"

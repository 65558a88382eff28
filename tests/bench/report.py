"""How figures are printed."""

import statistics


def milliseconds(what: str, seconds: float, target: float | None = None) -> None:
    """Prints a duration; target: in seconds, the most it may be."""
    _line(
        what,
        f"{seconds * 1000:.2f} ms",
        target and f"{target * 1000:g} ms",
        target is None or seconds <= target,
    )


def p50_and_p95(what: str, took: list[float], target: float | None = None) -> None:
    """Prints the median and the 95th percentile; the target is for the median."""
    milliseconds(f"{what}, p50", statistics.median(took), target)
    milliseconds(f"{what}, p95", statistics.quantiles(took, n=20)[-1])


def at_least(what: str, value: float, target: float | None = None, *, digits: int = 0) -> None:
    """Prints a rate; target: the least it may be. digits: behind the point."""
    _line(what, f"{value:.{digits}f}", target and f"{target:g}", target is None or value >= target)


def at_most(
    what: str, value: float, unit: str, target: float | None = None, *, digits: int = 1
) -> None:
    """Prints a size; target: the most it may be. digits: behind the point."""
    _line(
        what,
        f"{value:.{digits}f} {unit}",
        target and f"{target:g} {unit}",
        target is None or value <= target,
    )


def _line(what: str, value: str, target: str | float | None, met: bool) -> None:
    verdict = f"   target {target}: {'met' if met else 'MISSED'}" if target else ""
    print(f"{what:<64}{value:>14}{verdict}")

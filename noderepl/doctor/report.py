"""The findings of a run as a whole: the last sentence, the exit code, and JSON."""

from __future__ import annotations

from collections.abc import Sequence

from noderepl.doctor.finding import Finding
from noderepl.errors import ExitCode
from noderepl.outcome import Failure, Outcome, Words

TO_AZURE = (
    "No pool is configured, so the embedded pool is used. `noderepl setup` finds or creates a pool"
    " on Azure; --pool NAME or --endpoint URL use one."
)


def has_failed(findings: Sequence[Finding]) -> bool:
    """Returns whether a check has failed."""
    return any(one.found.status == "failed" for one in findings)


def closing(findings: Sequence[Finding], *, is_remote: bool) -> Sequence[Outcome]:
    """Returns the sentences below the findings. is_remote: whether a pool is configured."""
    where: Sequence[Outcome] = () if is_remote else (Words(TO_AZURE),)
    failed, warned = (_count(findings, status) for status in ("failed", "warning"))
    warnings = f", {_counted(warned, 'warning')}" if warned else ""
    if failed:
        return [*where, Failure(f"{_counted(failed, 'check')} failed{warnings}.", ExitCode.THREW)]
    return [*where, Words(f"No check failed{warnings}.")]


def as_json(findings: Sequence[Finding]) -> dict[str, object]:
    """Returns the findings as JSON."""
    checks = [
        {
            "name": one.name,
            "status": one.found.status,
            "detail": one.found.detail,
            "advice": one.found.advice,
            "source": one.found.source,
        }
        for one in findings
    ]
    return {"ok": not has_failed(findings), "checks": checks}


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _count(findings: Sequence[Finding], status: str) -> int:
    return sum(one.found.status == status for one in findings)

"""The figures of a soak as docs/fault-tables.md has them."""

from __future__ import annotations

from soak_runs import SETTLED, Soaked

NAMES = (
    "snippets; requests; share of them with a fault; seed",
    "faults",
    "what was read",
    "answers of another snippet",
    "the session's state is that of a run without faults",
    f"memory after the first {SETTLED} snippets (or half of fewer); at the end; growth",
    "time; without faults",
)


def report(soaked: Soaked, undisturbed: Soaked, rate: float, seed: int) -> str:
    """The figures as a table in Markdown."""
    settled = min(count for count in soaked.memory if count >= min(SETTLED, soaked.snippets // 2))
    sizes = soaked.memory[settled], soaked.memory[max(soaked.memory)], soaked.growth
    met = ", ".join(f"{name} ({count})" for name, count in sorted(soaked.met.items()))
    values = (
        f"{soaked.snippets}; {soaked.requests}; {rate:.0%}; {seed}",
        f"{sum(soaked.met.values())}: {met}",
        ", ".join(f"{text} ({count})" for text, count in soaked.read.most_common()),
        str(len(soaked.foreign)),
        "yes" if soaked.state == undisturbed.state else "no",
        "; ".join(f"{size / 1024:.1f} MiB" for size in sizes),
        f"{soaked.seconds:.0f} s; {undisturbed.seconds:.0f} s",
    )
    rows = [f"| {name} | {value} |" for name, value in zip(NAMES, values, strict=True)]
    return "\n".join(["| figure | value |", "|---|---|", *rows])

"""The corpus of TypeScript: snippets of one or more lines."""

from __future__ import annotations

from pathlib import Path

CORPUS = Path(__file__).parents[1] / "javascript/typescript_corpus.txt"


def corpus() -> list[str]:
    """The snippets of the corpus."""
    found: list[str] = []
    for line in CORPUS.read_text("utf-8").splitlines():
        if line.startswith("> "):
            found.append(line[2:])
        elif line.startswith("| "):
            found[-1] += f"\n{line[2:]}"
    return found

"""Plays the scenarios and writes their screens to docs/scenarios.md: `python -m tests.scenarios [WORD]`."""

import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

from tests.scenarios.scenarios import DOCUMENT, SCENARIOS, documented, play  # noqa: E402

WORDS = """# Scenarios

Eight sessions as users type them. A test plays each in a terminal and compares the screen that it
ends in. `python -m tests.scenarios` makes the screens anew.
"""


def main() -> None:
    """Writes the document; the scenarios whose titles lack the word keep their screens."""
    word = sys.argv[1].lower() if len(sys.argv) > 1 else ""
    parts = [WORDS]
    for scenario in SCENARIOS:
        screen = documented(scenario.title)
        if word in scenario.title.lower():
            with tempfile.TemporaryDirectory(prefix="noderepl-scenario-") as home:
                screen = play(scenario, Path(home))
        parts.append(f"## {scenario.title}\n\n```text\n{screen}```\n")
    DOCUMENT.write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    main()

"""Screens of noderepl in tmux, as docs/reliability.md shows them: `python -m tests.support.recordings` makes them anew.

It writes them into the document. tests/end_to_end/test_recordings.py holds the document to them.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from panes import Pane, opened_pane

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/reliability.md"
HEADING = "## Recordings"
COLUMNS, ROWS = 80, 13
TOOLBAR = r"(?:.|\n)* · Node [\d.]+ · [\d.]+ m?s"
# What differs from run to run, and what stands for it.
UNSTEADY = (
    (r" (?:embedded|127\.0\.0\.1:\d+) · session \S+…", " embedded · session ABCD…"),
    (r" · Node [\d.]+", " · Node N.N.N"),
    (r" · [\d.]+ m?s", " · N ms"),
    (r"^ \S \d+ s · ", " ⠋ N s · "),
    (r"^noderepl \S+ · .*(?= · %help)", "noderepl"),
    (r" +$", ""),
)


@dataclass(frozen=True)
class Recording:
    """What somebody does at the prompt. act: does it, and returns the screens worth showing, each with what it shows."""

    title: str
    act: Callable[[Pane], Sequence[tuple[str, str]]]


# Seconds between the keys of a person.
PAUSE = 0.4


def _interrupt(pane: Pane) -> Sequence[tuple[str, str]]:
    pane.enter("let kept = 41")
    pane.see(r"^undefined\n>")
    pane.enter("while (true) {}")
    running = pane.see(r"^ \S \d+ s · Ctrl-C interrupts · ")
    pane.tmux("send-keys", "C-c")
    pane.see(r"^Interrupted.*\n>")
    pane.enter("kept + 1")
    return [
        ("While it runs:", running),
        ("After Ctrl-C, and one more snippet:", pane.see(rf"^42\n> *\n{TOOLBAR}")),
    ]


def _output(pane: Pane) -> Sequence[tuple[str, str]]:
    pane.enter("for (let i = 1; i <= 5; i++) {", PAUSE)
    time.sleep(PAUSE)
    pane.enter("console.log(`line ${i}`); const t = Date.now()", PAUSE)
    time.sleep(PAUSE)
    pane.enter("while (Date.now() - t < 1000);", PAUSE)
    time.sleep(PAUSE)
    pane.enter("}", PAUSE)
    running = pane.see(r"^line 3\n \S \d+ s · Ctrl-C interrupts · ")
    return [
        ("In the third second:", running),
        ("At the end:", pane.see(rf"^line 5\n> *\n{TOOLBAR}")),
    ]


RECORDINGS = (
    Recording("Ctrl-C on `while (true) {}`", _interrupt),
    Recording("Output of a loop of five seconds that leaves the event loop no turn", _output),
)


def steady(screen: str) -> str:
    """A screen without what differs from run to run, and without blank lines at its end."""
    for pattern, text in UNSTEADY:
        screen = re.sub(pattern, text, screen, flags=re.M)
    return screen.rstrip()


def record(
    recording: Recording,
    tmux: str,
    home: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
) -> str:
    """The recording as the document has it, made on the pool that the arguments name."""
    with opened_pane(tmux, home, *arguments, columns=COLUMNS, rows=ROWS, **(environ or {})) as pane:
        pane.see(r"^> *$(.|\n)* · Node")
        screens = recording.act(pane)
    shown = "".join(f"\n{what}\n\n```text\n{steady(screen)}\n```\n" for what, screen in screens)
    return f"### {recording.title}\n{shown}"


def documented(recording: Recording) -> str:
    """The recording as it stands in the document."""
    text = DOCUMENT.read_text()
    found = re.search(rf"^### {re.escape(recording.title)}\n(?:(?!^##).*\n)*", text, re.M)
    return found[0].rstrip() + "\n" if found else ""


def main() -> None:
    """Writes all recordings into the document."""
    tmux = shutil.which("tmux")
    if tmux is None:
        sys.exit("tmux is missing")
    made = []
    for recording in RECORDINGS:
        with tempfile.TemporaryDirectory(prefix="noderepl-recording-") as home:
            made.append(record(recording, tmux, Path(home)))
    before, _, after = DOCUMENT.read_text().partition(f"{HEADING}\n")
    words, _, _ = after.partition("### ")
    rest = re.search(r"^## ", after, re.M)
    DOCUMENT.write_text(
        f"{before}{HEADING}\n{words}{chr(10).join(made)}"
        + (f"\n{after[rest.start() :]}" if rest else "")
    )


if __name__ == "__main__":
    main()

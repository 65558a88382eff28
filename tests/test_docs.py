"""What the documents say is what the program does."""

import re
from dataclasses import fields
from pathlib import Path

from noderepl.magics.config import _preference
from noderepl.options import OPTIONS, Option
from noderepl.preferences import Preferences
from noderepl.terminal.style_names import MEANINGS

ROOT = Path(__file__).resolve().parent.parent


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [
        [cell.strip().replace("`", "") for cell in line.strip("|").split(" | ")]
        for line in lines[2:]
    ]


def shown(option: Option) -> str:
    """An option's default as the document writes it."""
    if option.default is None:
        return ""
    return (
        "1GiB"
        if option.name == "memory"
        else str(option.default).replace("False", "false").replace("True", "true")
    )


def test_configuration_lists_every_option():
    """The table of options has each option with its flag, variable, default and meaning, in order."""
    expected = [
        [
            (f"-{option.short}, " if option.short else "") + f"--{option.name}",
            option.variable,
            shown(option),
            option.summary,
        ]
        for option in OPTIONS
    ]
    assert rows((ROOT / "docs/configuration.md").read_text(), "Options") == expected


def test_magics_names_the_options_that_apply_at_once():
    """They are those that are preferences of the prompt."""
    sentence = re.search(
        r"A change of ([^.]*) applies\s+at once", (ROOT / "docs/magics.md").read_text()
    )
    names = {field.name for field in fields(Preferences)}
    live = [option.name for option in OPTIONS if _preference(option) in names]
    assert sentence and sorted(re.findall(r"`([^`]+)`", sentence[1])) == sorted(live)


def test_the_readme_has_its_two_commands():
    """The first block sets up and starts, the second sets up and tests; each is one line."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    start, tests = (block.strip() for block in blocks[:2])
    assert "\n" not in start and start.endswith("bin/noderepl")
    assert "\n" not in tests and "pytest" in tests


def test_themes_lists_every_style():
    """The table of styles has each meaning with its sentence, in order."""
    text = (ROOT / "docs/themes.md").read_text()
    assert rows(text, "Styles") == [[m.name, m.sentence.replace("`", "")] for m in MEANINGS]


def names_of_tests(path: Path) -> list[str]:
    """The names of a module's tests, in order."""
    return re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)


def test_the_sandboxes_attacks_are_tests():
    """Each row of the table of attacks names a test that exists, and each test of attacks has its row."""
    service = ROOT / "tests/service"
    named = [cells[-1] for cells in rows((ROOT / "docs/sandbox.md").read_text(), "What was tried")]
    existing = {name for path in service.glob("test_*.py") for name in names_of_tests(path)}
    assert len(named) == len(set(named))
    assert set(named) <= existing
    assert set(names_of_tests(service / "test_sandbox_attacks.py")) <= set(named)


def test_the_pictures_exist():
    """Each picture that a document shows is a file, and each file is shown and has the scene that makes it."""
    from tests.pictures.scenes import SCENES

    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    shown = {
        (page.parent / path).resolve()
        for page in pages
        for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text())
    }
    assert shown == set((ROOT / "docs/pictures").iterdir())
    assert {path.stem for path in shown} == set(SCENES)
    assert all(path.read_text().startswith("<svg ") for path in shown)

"""Cutting a magic's arguments into words and options."""

from __future__ import annotations

import random
import shlex

import pytest

from noderepl.errors import UsageError
from noderepl.magics import Arguments, Preferences, run_magic
from noderepl.magics.arguments import split


def given(text: str) -> Arguments:
    return Arguments("%try WORD… [--as NAME] [--force]", text)


@pytest.mark.parametrize(
    ("text", "words", "name", "force"),
    [
        ("", (), None, False),
        ("a b", ("a", "b"), None, False),
        ("'a b' \"c d\" e\\ f", ("a b", "c d", "e f"), None, False),
        ("a --as b", ("a",), "b", False),
        ("--as=b=c a", ("a",), "b=c", False),
        ("--as 'b c' a --force", ("a",), "b c", True),
        ("a -- --force", ("a", "--force"), None, False),
        ("-a -", ("-a", "-"), None, False),
        ("a --as --force", ("a",), "--force", False),
        ("größe.csv #1", ("größe.csv", "#1"), None, False),
    ],
)
def test_words_and_options(
    text: str, words: tuple[str, ...], name: str | None, force: bool
) -> None:
    """Words are cut as a shell would, options may stand anywhere before --."""
    parsed = given(text).parse(flags=("force",), values=("as",))
    assert (parsed.words, parsed.values.get("as"), "force" in parsed.flags) == (words, name, force)


def test_words_are_those_of_shlex() -> None:
    """Any quotes and backslashes mean what they do there, in 20,000 short texts."""
    choices = random.Random(1)
    for _ in range(20_000):
        text = "".join(choices.choices("ab '\"\\\t-", k=choices.randrange(12)))
        found = list(split(text))
        try:
            expected: list[str] | None = shlex.split(text)
        except ValueError:
            expected = None
        assert (
            [one.text for one in found] if all(one.is_complete for one in found) else None
        ) == expected
        assert all(text[one.start : one.end].strip(" \t") for one in found)


def test_a_backslash_joins_lines() -> None:
    """As in a shell, between words and in them."""
    assert given('use \\\nID a\\\nb "c\\\nd" \\\n e').words() == ["use", "ID", "ab", "cd", "e"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("it's", "unclosed quote or trailing backslash"),
        ('a "b', "unclosed quote or trailing backslash"),
        ("a\\", "unclosed quote or trailing backslash"),
        ("a --as", "--as needs a value"),
        ("a --as=", "--as needs a value"),
        ("a --force=1", "no option --force=1"),
        ("a --fore", "no option --fore"),
        ("", "missing"),
        ("a b c", "'c' is an extra argument"),
        ("a\n%rm b", "only one magic"),
    ],
)
def test_wrong_arguments_say_why_and_the_usage(text: str, why: str) -> None:
    """Each argument error says what is wrong and shows the usage line."""
    arguments = given(text)
    with pytest.raises(UsageError) as raised:
        arguments.parse(least=1, most=2, flags=("force",), values=("as",))
    assert why in str(raised.value)
    assert str(raised.value).endswith(f"; usage: {arguments.usage}")


@pytest.mark.parametrize(
    "line",
    [
        "%timeout abc",
        "%timeout 0",
        "%timeout 221",
        "%timeout -5",
        "%timeout 1.5",
        "%timeout ²",
        "%timeout 5 6",
        "%timeout " + "9" * 5000,
        "%history " + "9" * 5000,
        "%input base32",
        "%base64 yes",
        "%theme nope",
        "%theme dark light",
        "%history 5-9",
        "%rerun",
        "%rerun x",
        "%rerun 0",
        "%rerun 1 2",
        "%rerun 5-9",
        "%history 0",
        "%help a b",
        "%upload",
        "%upload a --as",
        "%download",
        "%download a b c",
        "%download ..",
        "%download a --froce",
        "%files x y",
        "%download ../a",
        "%cat",
        "%cat /etc/passwd",
        "%diff",
        "%rm .",
        "%rm",
        "%rm 'x",
        "%npm",
        "%npm 'x",
        "%session maybe",
        "%session use",
        "%session use abcd efgh",
        "%session new now",
        "%load",
        "%save",
        "%edit a b",
        "%time",
        "%clear all",
        "%exit 0",
    ],
)
async def test_a_magic_with_wrong_arguments_changes_nothing(desk, line: str) -> None:
    """Wrong arguments show the usage, open no session and leave the preferences as they were."""
    with pytest.raises(UsageError, match="; usage: %"):
        await run_magic(line, desk.context)
    assert desk.preferences == Preferences(60, "inline")
    assert (desk.opened, desk.present) == (0, None)
    assert list(desk.directory.iterdir()) == [desk.directory / "home"]


@pytest.mark.parametrize(
    "line", ["%session s3cr3t-identifier", "%session use s3cr3t-identifier more"]
)
async def test_a_misplaced_identifier_is_not_repeated(desk, line: str) -> None:
    """What may be a session identifier does not come back in the error."""
    with pytest.raises(UsageError) as raised:
        await run_magic(line, desk.context)
    assert "s3cr3t" not in str(raised.value)

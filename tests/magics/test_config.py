"""%config: what it shows, what it writes, and what applies at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from noderepl.errors import NodeReplError, UsageError
from noderepl.magics import run_magic
from noderepl.outcome import Listing, Table, Text, UseTheme, Words
from noderepl.settings import read_settings


def configure(desk, text: str | None = None, *, environ=None, profile=None, **flags) -> None:
    """Gives the desk these sources, as at a start."""
    file = desk.directory / "config.toml"
    if text is not None:
        file.write_text(text)
    desk.settings = read_settings(
        flags, environ=environ or {}, directory=desk.directory, profile=profile
    )
    preferences = desk.preferences
    preferences.timeout, preferences.typescript = desk.settings.timeout, desk.settings.ts


async def rows(desk) -> dict[str, tuple[str, str]]:
    table = (await run_magic("%config", desk.context))[0]
    assert isinstance(table, Table)
    return {name: (value, source) for name, value, source in table.rows}


async def said(desk, line: str) -> str:
    outcomes = await run_magic(line, desk.context)
    return " ".join(one.text for one in outcomes if isinstance(one, Words | Text))


def written(desk) -> str:
    return (desk.directory / "config.toml").read_text()


async def test_each_source_is_named(desk) -> None:
    """Default, file, profile, variable, command line and prompt are told apart; secrets are masked."""
    configure(
        desk,
        'timeout = 5\nwait = 3\n[profiles.work]\nmode = "plain"\n',
        environ={"NODEREPL_TS": "on", "NODEREPL_SESSION": "ident-123", "NODEREPL_TOKEN": "tok-123"},
        profile="work",
        color="never",
    )
    desk.preferences.mode = desk.settings.mode
    await run_magic("%input base64", desk.context)
    found = await rows(desk)
    assert found["timeout"] == ("5", "config.toml, line 1")
    assert found["mode"] == ("plain", "config.toml, line 4, [profiles.work]")
    assert found["ts"] == ("on", "NODEREPL_TS")
    assert found["color"] == ("never", "command line (--color)")
    assert found["input"] == ("base64", "changed at the prompt")
    assert found["memory"] == ("1GiB", "default")
    assert found["undefined"] == ("true", "default")
    assert found["session"] == ("***", "NODEREPL_SESSION")
    assert found["token"] == ("***", "NODEREPL_TOKEN")
    text = await said(desk, "%config session")
    assert "ident-123" not in text and "***" in text


async def test_a_narrow_terminal_gets_a_list(desk) -> None:
    """Where a table does not fit, each option has its value and source in one text."""
    desk.terminal = (40, 20)
    listing = (await run_magic("%config", desk.context))[0]
    assert isinstance(listing, Listing)
    assert ("timeout", "60 (default)") in listing.sections[0].rows


async def test_the_key_in_an_endpoint_is_masked(desk) -> None:
    """The query of an endpoint, which may have a key, is not shown."""
    configure(desk, 'endpoint = "https://host/path?code=s3cret"\n')
    assert (await rows(desk))["endpoint"] == ("https://host/path?***", "config.toml, line 1")
    assert "s3cret" not in await said(desk, "%config endpoint")


async def test_one_option_is_described(desk) -> None:
    """%config NAME shows the value, the summary, the source, the rule, and when a change applies."""
    text = await said(desk, "%config timeout")
    for part in ("timeout = 60", "time limit", "Source: default", "from 1 to 220", "at once", "NODEREPL_TIMEOUT"):  # fmt: skip
        assert part in text
    assert "Allowed: auto, always, never" in await said(desk, "%config color")
    assert "from the next start" in await said(desk, "%config color")
    assert "Allowed: default, dark" in await said(desk, "%config theme")
    for name in ("editing_mode", "Editing-Mode", "NODEREPL_EDITING_MODE"):
        assert "editing-mode = emacs" in await said(desk, f"%config {name}")


async def test_what_is_set_is_written_and_applied(desk) -> None:
    """A preference changes at once and its source is the file; others change from the next start."""
    desk.settings = replace(desk.settings, file=desk.directory / "config.toml")
    for line, now in (("timeout 120", 120), ("timeout = 7", 7), ("timeout=8", 8)):
        await said(desk, f"%config set {line}")
        assert desk.preferences.timeout == now
    await said(desk, "%config set ts off")
    await said(desk, "%config set tty on")
    await said(desk, "%config set editing-mode vi")
    await said(desk, "%config set undefined no")
    prefs = desk.preferences
    assert (prefs.typescript, prefs.tty, prefs.editing_mode, prefs.undefined) == (
        "off",
        "on",
        "vi",
        False,
    )
    assert "from the next start" in await said(desk, "%config set color never")
    await said(desk, "%config set memory 2GiB")
    assert written(desk) == (
        'timeout = 8\nts = "off"\ntty = "on"\nediting-mode = "vi"\nundefined = false\n'
        'color = "never"\nmemory = "2GiB"\n'
    )
    found = await rows(desk)
    assert found["timeout"] == ("8", "config.toml, line 1")
    assert found["color"] == ("auto", "default; never from the next start")


async def test_a_theme_is_used_at_once(desk) -> None:
    """%config set theme writes the file and asks the prompt for the theme; a wrong one is not written."""
    outcomes = await run_magic("%config set theme dark", desk.context)
    assert outcomes[0] == UseTheme("dark")
    assert written(desk) == 'theme = "dark"\n'
    with pytest.raises(UsageError, match="did you mean dark"):
        await run_magic("%config set theme drak", desk.context)
    assert written(desk) == 'theme = "dark"\n'


async def test_unset_goes_back(desk) -> None:
    """%config unset removes the key and applies the value that is left."""
    configure(desk, "timeout = 5\n[profiles.work]\ntimeout = 9\n", profile="work")
    assert "config.toml, line 1" in await said(desk, "%config unset timeout --profile work")
    assert desk.preferences.timeout == 5
    assert "60 (default)" in await said(desk, "%config unset timeout")
    assert desk.preferences.timeout == 60
    with pytest.raises(NodeReplError, match="does not set timeout"):
        await run_magic("%config unset timeout", desk.context)


async def test_a_profile_is_changed(desk) -> None:
    """--profile changes that table; what is not in use does not apply, and an unknown one is told."""
    configure(desk, "[profiles.work]\n[profiles.home]\n", profile="work")
    assert "--profile home" in await said(desk, "%config set timeout 9 --profile home")
    assert desk.preferences.timeout == 60
    await said(desk, "%config set timeout 8 --profile work")
    assert desk.preferences.timeout == 8
    assert "[profiles.work] overrides it" in await said(desk, "%config set timeout 7")
    with pytest.raises(NodeReplError, match="no profile 'wrok'; the file has: work, home"):
        await run_magic("%config set timeout 7 --profile wrok", desk.context)


async def test_what_overrides_the_file_is_named(desk) -> None:
    """A variable that is in force at the next start too is told; the value applies now."""
    configure(desk, environ={"NODEREPL_TIMEOUT": "30"})
    assert "NODEREPL_TIMEOUT overrides it" in await said(desk, "%config set timeout 90")
    assert desk.preferences.timeout == 90
    assert (await rows(desk))["timeout"] == ("90", "changed at the prompt")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("%config tim", "did you mean timeout"),
        ("%config set themes dark", "did you mean theme"),
        ("%config zzzz", "%config lists them all"),
        ("%config set timeout 0", "whole number from 1 to 220, not '0'"),
        ("%config set ts offf", "one of auto, on, off, not 'offf'; did you mean off"),
        ("%config set quiet maybe", "true or false"),
        ("%config set memory 1KiB", "512MiB"),
        ("%config set endpoint nowhere", "https://"),
        ("%config set api-version 7", "7"),
        ("%config set node /nowhere/node", "Node.js"),
        ("%config set timeout", "value is missing; timeout must be a whole number"),
        ("%config set", "name of an option is missing"),
        ("%config unset timeout 5", "extra argument"),
        ("%config theme dark", "%config set theme dark"),
        ("%config set token x", "NODEREPL_TOKEN"),
        ("%config set keys.f5 run", "[keys]"),
        ("%config set profile work", "NODEREPL_PROFILE"),
        ("%config set theme ''", "non-empty"),
        ("%config --profile x", "for set and unset"),
        ("%config set a b c d e", "extra argument"),
    ],
)
async def test_wrong_words_are_told_and_write_nothing(desk, line: str, why: str) -> None:
    """A wrong name, value or form is one sentence with the rule, and the file is not made."""
    with pytest.raises(UsageError) as caught:
        await run_magic(line, desk.context)
    assert why in str(caught.value) and "\n" not in str(caught.value)
    assert not (desk.directory / "config.toml").exists()


async def test_a_file_with_an_error_is_told(desk) -> None:
    """A file that became invalid during the run is shown as such, and not changed."""
    configure(desk, "timeout = 5\n")
    (desk.directory / "config.toml").write_text("timeout = = 5\n")
    assert "not valid TOML" in await said(desk, "%config")
    with pytest.raises(NodeReplError, match="not valid TOML"):
        await run_magic("%config set theme dark", desk.context)
    assert written(desk) == "timeout = = 5\n"

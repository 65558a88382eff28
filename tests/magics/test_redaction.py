"""The history gets no secret of an input, in whatever order, quotation or spelling; and all else of it."""

from __future__ import annotations

import pytest

from noderepl.magics import without_identifier

SECRET = "SECRETident0123456789abcdef"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        # %config: the order, quotes, forms of the name, and mistakes.
        ("%config set token ID", "%config set token"),
        ("%config set --profile work session ID", "%config set --profile work session"),
        ("%config set session ID --profile=work", "%config set session --profile=work"),
        ('%config set "session" ID', '%config set "session"'),
        ("%config set 'session=ID'", "%config set"),
        ("%config set session = ID", "%config set session"),
        ("%config set --session=ID", "%config set --session"),
        ("%config set --session ID", "%config set --session"),
        ("%config set NODEREPL_SESSION ID", "%config set NODEREPL_SESSION"),
        ("%config unset session ID", "%config unset session"),
        ("%config session ID", "%config session"),
        ("%config ste sesion ID", "%config ste sesion"),
        ("%config ID", "%config"),
        ("%config set ID", "%config set"),
        ("%config set endpoint http://h/?code=ID", "%config set endpoint http://h/?"),
        ("%config set endpoint=http://h/?code=ID", "%config set endpoint=http://h/?"),
        # %session: every subcommand, and a misspelt one.
        ('%session use "ID"', "%session use"),
        ("%session 'use' 'ID'", "%session 'use'"),
        ("%session use \\\nID", "%session use"),
        ("%session\nuse\nID", "%session\nuse"),
        ("%session ues ID", "%session ues"),
        ("%session name ID", "%session name"),
        ("%session delete ID", "%session delete"),
        ("%session info ID", "%session info"),
        ("%session ID", "%session"),
        ("%session use\u00a0ID", "%session"),
        # The name of the magic.
        ("%Session USE ID", "%Session USE"),
        ("%sesion use ID", "%sesion use"),
        ("% session use ID", "% session use"),
        ('%"session" use ID', '%"session" use'),
        ("%session.use(ID)", "%session"),
        ("?%session use ID", "?%session use"),
        ("%session? use ID", "%session? use"),
        ("%session use ID?", "%session use"),
        ("%time %session use ID", "%time %session use"),
        # Among other lines.
        ("1 + 1\n%session use ID\n2 + 2", "1 + 1\n%session use\n2 + 2"),
        ("1\n%session use \\\nID\n2", "1\n%session use\n2"),
        ("%files\n%sesion use ID\n%rm a", "%files\n%sesion use\n%rm a"),
        ("%sh noderepl --session ID -e 1", "%sh noderepl --session -e 1"),
        ("%sh noderepl --token=ID", "%sh noderepl --token"),
    ],
)
def test_a_secret_is_left_out(line: str, kept: str) -> None:
    """The words around it stay, so that the line is found again."""
    assert without_identifier(line.replace("ID", SECRET)) == kept


@pytest.mark.parametrize(
    "line",
    [
        "%config set --profile work timeout 100",
        "%config set theme=dark",
        "%config set keys.run c-r",
        "%config unset session",
        "%session info --id",
        "%session name work",
        "%session name build-2",
        "%help session",
        "%upload 'x y' --as session",
        "%sh echo it's",
        "a\n  % session + 1",
        "a\n  %session + x",
        "x %session",
        "%time a % config.x + 1",
        "%time a %config.x + 1",
        "%time (a) %session + 1",
        "session.use(x)",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    """Names, public options, other magics, and JavaScript in which % is an operator."""
    assert without_identifier(line) == line


@pytest.mark.parametrize("name", ["session", "config"])
def test_a_long_input_loses_all_behind_the_name(name: str) -> None:
    """Its words are not analysed one by one; JavaScript behind other magics stays."""
    code = "x" * 30_000
    text = f"%{name} use SECRET\n%time {code}"
    assert without_identifier(text) == f"%{name}\n%time {code}"

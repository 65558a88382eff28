"""Where settings come from, which source wins, and what a bad key or value is told."""

from pathlib import Path

import pytest

from noderepl.errors import ConfigError, UsageError
from noderepl.options import OPTIONS
from noderepl.settings import Settings, read_settings


def settings(tmp_path: Path, *, flags=None, environ=None, text=None, **more) -> Settings:
    if text is not None:
        (tmp_path / "config.toml").write_text(text)
    return read_settings(flags or {}, environ=environ or {}, directory=tmp_path, **more)


def test_defaults(tmp_path):
    """Without any source every option has the default of the table."""
    found = settings(tmp_path)
    assert all(getattr(found, option.attribute) == option.default for option in OPTIONS)
    assert (found.timeout, found.theme, found.endpoint, found.token) == (60, "default", None, None)


def test_each_source_wins_over_the_one_before(tmp_path):
    """defaults < file < profile < environment < flags."""
    text = 'timeout = 1\ntheme = "a"\nauth = "none"\nprofile = "work"\n[profiles.work]\ntimeout = 2\ntheme = "b"\n'
    found = settings(tmp_path, text=text, environ={"NODEREPL_TIMEOUT": "3"})
    assert (found.auth, found.theme, found.timeout) == ("none", "b", 3)
    assert (
        settings(tmp_path, environ={"NODEREPL_TIMEOUT": "3"}, flags={"timeout": "4"}).timeout == 4
    )


def test_a_profile_is_chosen_by_flag_variable_or_file(tmp_path):
    """--profile wins over NODEREPL_PROFILE, which wins over the file's own choice."""
    text = 'profile = "a"\n[profiles.a]\ntimeout = 1\n[profiles.b]\ntimeout = 2\n[profiles.c]\ntimeout = 3\n'
    assert settings(tmp_path, text=text).timeout == 1
    assert settings(tmp_path, environ={"NODEREPL_PROFILE": "b"}).timeout == 2
    assert settings(tmp_path, environ={"NODEREPL_PROFILE": "b"}, profile="c").timeout == 3


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    """The mark is no part of the first line, and lines are counted as without it."""
    assert settings(tmp_path, text="\ufefftimeout = 7\n").timeout == 7
    assert settings(tmp_path, text="\ufeff[profiles.a]\ntimeout = 8\n", profile="a").timeout == 8
    with pytest.raises(ConfigError, match=r"config.toml, line 1: unknown option 'timeut'"):
        settings(tmp_path, text="\ufefftimeut = 7\n")
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf# \xff")
    with pytest.raises(ConfigError, match="at byte 5"):
        settings(tmp_path)


def test_a_named_file_is_read_instead(tmp_path):
    """--config and NODEREPL_CONFIG name another file, the flag first."""
    for name, timeout in (("one.toml", 11), ("two.toml", 12)):
        (tmp_path / name).write_text(f"timeout = {timeout}\n")
    environ = {"NODEREPL_CONFIG": str(tmp_path / "one.toml")}
    assert settings(tmp_path, environ=environ).timeout == 11
    assert settings(tmp_path, environ=environ, file=tmp_path / "two.toml").timeout == 12


def test_every_option_can_be_set_in_the_file_and_by_variable(tmp_path):
    """Each option is read from the file and from its NODEREPL_ variable."""
    samples = {
        "auth": "none", "timeout": 7, "wait": 8, "input": "base64", "color": "never", "editing-mode": "vi", "big-output": "all", "json": True,
        "interactive": True, "quiet": True, "port": 8080, "sandbox": "off", "egress": "disabled", "mode": "plain", "ts": "off", "preview": "on", "tty": "on", "undefined": False, "resume": True, "keep": True, "cooldown": 9, "max-sessions": 3,
    }  # fmt: skip
    for option in OPTIONS:
        value = samples.get(option.name, "text")
        written = (
            f'{option.name} = "{value}"\n'
            if isinstance(value, str)
            else f"{option.name} = {str(value).lower()}\n"
        )
        if option.name == "memory":
            written, value = 'memory = "512MiB"', "512MiB"
        expected = 512 << 20 if option.name == "memory" else value
        assert getattr(settings(tmp_path, text=written), option.attribute) == expected
        assert (
            getattr(
                settings(tmp_path, text="", environ={option.variable: str(value)}), option.attribute
            )
            == expected
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("timeout = 0", ["line 1", "timeout must be a whole number from 1 to 220", "not 0"]),
        ("\n\ntimeout = true", ["line 3", "whole number"]),
        ("# c\ntimeut = 3", ["line 2", "unknown option 'timeut'", "timeout"]),
        (
            '[profiles.a]\ncolor = "red"',
            ["line 2", "color must be one of auto, always, never", "'red'"],
        ),
        ('color = "auto"\n[profiles.b]\nx = 1', ["line 3", "unknown option 'x'"]),
        ("timeout = = 3", ["not valid TOML", "line 1"]),
        ('token = "s3cret"', ["line 1", "NODEREPL_TOKEN"]),
        ("profiles = 3", ["line 1", "[profiles.work]"]),
        ('profile = "x"\n[profiles.y]\n', ["no profile 'x'", "y"]),
        ("quiet = 1", ["line 1", "quiet must be true or false"]),
        ("memory = 3", ["line 1", "512MiB"]),
        ('memory = "1KiB"', ["line 1", "from 128MiB to 64GiB"]),
        ('theme = ""', ["line 1", "theme must be a non-empty string"]),
        ('startup = "a\\u0000"', ["line 1", "startup", "without null characters"]),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path, text, words):
    """What is wrong in the file is told with the file, the line, the rule and the value."""
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text=text)
    assert all(word in str(caught.value) for word in [str(tmp_path / "config.toml"), *words])
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("named", [False, True])
def test_a_link_to_itself_is_refused(tmp_path, named):
    """A file that is a circle of links is not one that is missing."""
    file = tmp_path / "config.toml"
    file.symlink_to(tmp_path / "other.toml")
    (tmp_path / "other.toml").symlink_to(file)
    with pytest.raises(ConfigError, match=f"{file}: the configuration file cannot be read: Too"):
        settings(tmp_path, file=file if named else None)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("true", "true"),
        ("1979-05-27", "1979-05-27"),
        ("1979-05-27 07:32:00", "1979-05-27T07:32:00"),
        ("1979-05-27T07:32:00+01:00", "1979-05-27T07:32:00+01:00"),
        ("07:32:00", "07:32:00"),
        ("nan", "nan"),
        ("-inf", "-inf"),
        ("[true, [1.5, 'x']]", "[true, [1.5, 'x']]"),
        ('{ a = false, "b c" = {} }', "{ a = false, 'b c' = {} }"),
        (r"'C:\x'", r"'C:\x'"),
        (r'"it\u0027s"', '"it\'s"'),
        (r'"a\n\u001b\u009b\u202e"', r'"a\n\u001b\u009b\u202e"'),
        ("0x" + "f" * 9000, "a value that is too long"),
    ],
)
def test_a_wrong_value_is_quoted_as_in_the_file(tmp_path, value, written):
    """The message has the value in TOML, not in Python, and without control characters."""
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text=f"timeout = {value}\n")
    assert str(caught.value).endswith(f", not {written}")


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"NODEREPL_TIMEOUT": "221"}, ["NODEREPL_TIMEOUT", "1 to 220", "'221'"]),
        ({"NODEREPL_TIMEOUT": "ten"}, ["NODEREPL_TIMEOUT", "whole number"]),
        ({"NODEREPL_THEMES": "x"}, ["NODEREPL_THEMES", "unknown option", "NODEREPL_THEME"]),
        ({"NODEREPL_QUIET": "maybe"}, ["NODEREPL_QUIET", "true or false"]),
        ({"NODEREPL_PROFILE": "work"}, ["work", "no configuration file"]),
        (
            {"NODEREPL_CONFIG": "/nowhere/config.toml"},
            ["/nowhere/config.toml", "no such configuration file"],
        ),
    ],
)
def test_a_bad_variable_is_named(tmp_path, environ, words):
    """A bad variable is told by its name, with the rule that it breaks."""
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, environ=environ)
    assert all(word in str(caught.value) for word in words)


def test_an_empty_variable_counts_as_not_set(tmp_path):
    """A variable that is set to nothing changes nothing."""
    assert settings(tmp_path, environ={"NODEREPL_TIMEOUT": "", "NODEREPL_TOKEN": ""}).timeout == 60


def test_secrets_are_not_shown(tmp_path):
    """Neither the token nor the identifier is in the repr of Settings."""
    found = settings(
        tmp_path, environ={"NODEREPL_TOKEN": "tok-123", "NODEREPL_SESSION": "ident-456"}
    )
    assert (found.token, found.session) == ("tok-123", "ident-456")
    assert "tok-123" not in repr(found) and "ident-456" not in repr(found)


def test_blame_names_the_place_of_a_value_found_wrong_later(tmp_path):
    """A UsageError raised under blame gets the place where the option was set."""
    found = settings(tmp_path, text='\ntheme = "nope"\n')
    with (
        pytest.raises(ConfigError, match=r"no theme nope \(.*config.toml, line 2\)"),
        found.blame("theme"),
    ):
        raise UsageError("no theme nope")
    with pytest.raises(ConfigError, match=r"^no endpoint$"), found.blame("endpoint"):
        raise UsageError("no endpoint")


def test_the_pool_has_one_name(tmp_path):
    """Of endpoint and pool, the one of the later source counts; one source cannot have both."""
    text = 'endpoint = "https://a"\n[profiles.p]\npool = "b"\n[profiles.q]\npool = "b"\nendpoint = "https://c"\n'
    found = settings(tmp_path, text=text, profile="p")
    assert (found.endpoint, found.pool) == (None, "b") and "endpoint" not in found.places
    found = settings(tmp_path, text=text, profile="p", environ={"NODEREPL_ENDPOINT": "https://d"})
    assert (found.endpoint, found.pool) == ("https://d", None)
    found = settings(
        tmp_path, text=text, environ={"NODEREPL_ENDPOINT": "https://d"}, flags={"pool": "e"}
    )
    assert (found.endpoint, found.pool) == (None, "e")
    for given in (
        {"profile": "q"},
        {"environ": {"NODEREPL_ENDPOINT": "https://d", "NODEREPL_POOL": "e"}},
        {"flags": {"endpoint": "https://d", "pool": "e"}},
    ):
        with pytest.raises(ConfigError, match="exclude each other"):
            settings(tmp_path, text=text, **given)

"""Changes of config.toml: what is around the key stays as it is."""

from __future__ import annotations

import os
import stat
import threading
import tomllib

import pytest

from noderepl.config_file import add_profile, profiles_of, set_key, unset_key
from noderepl.errors import ConfigError
from noderepl.text_files import MOST_TOML

WORK = "\n# for work\n[profiles.work]\ntimeout = 3\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"# mine\ntimeout = 60  # note\n{WORK}", f'# mine\ntimeout = 60  # note\ntheme = "dark"\n{WORK}'),
        (f"quiet = true\n{WORK}", f'quiet = true\ntheme = "dark"\n{WORK}'),
        (f"quiet = true\nprofile = 'work'\n{WORK}", f"quiet = true\nprofile = 'work'\ntheme = \"dark\"\n{WORK}"),
        (f"# mine\n{WORK}", f'# mine\n\ntheme = "dark"\n{WORK}'),
        (WORK, f'theme = "dark"\n{WORK}'),
        ("# mine", '# mine\ntheme = "dark"\n'),
        ("timeout = 3", 'timeout = 3\ntheme = "dark"\n'),
        ("theme = 'x' # why\nmode = 'plain'\n", 'theme = "dark" # why\nmode = \'plain\'\n'),
        ('"theme" = "x"\n', '"theme" = "dark"\n'),
        ("a = 1\r\n[keys]\r\nf5 = 'run'\r\n", "a = 1\r\ntheme = \"dark\"\r\n[keys]\r\nf5 = 'run'\r\n"),
        ('a = [\n  1, # one\n]\n\n[keys]\n', 'a = [\n  1, # one\n]\ntheme = "dark"\n\n[keys]\n'),
        ("[keys]\nf5 = 'run'\n", "theme = \"dark\"\n\n[keys]\nf5 = 'run'\n"),
        ("profiles.w.timeout = 3\n", 'theme = "dark"\n\nprofiles.w.timeout = 3\n'),
        ("", 'theme = "dark"\n'),
        ("\ufeff", '\ufefftheme = "dark"\n'),
        ("\ufefftheme = 'x' # why\r\n# end\r\n", '\ufefftheme = "dark" # why\r\n# end\r\n'),
        (f"\ufeff# mine\ntimeout = 3\n{WORK}", f'\ufeff# mine\ntimeout = 3\ntheme = "dark"\n{WORK}'),
        (f"\ufeff{WORK}", f'\ufefftheme = "dark"\n{WORK}'),
    ],
)  # fmt: skip
def test_a_key_is_set_and_the_rest_stays(tmp_path, before, after):
    """Comments, order, quotes and line ends stay; a new key is behind the last key of its table."""
    file = tmp_path / "config.toml"
    file.write_bytes(before.encode())
    set_key(file, "theme", "dark")
    assert file.read_bytes().decode() == after
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f'theme = "x"\n{WORK}', f'theme = "x"\n{WORK}theme = "dark"\n'),
        (f"{WORK}\n# next\n[keys]\n", f'{WORK}theme = "dark"\n\n# next\n[keys]\n'),
        ("[profiles.work]\n[profiles.x]\n", '[profiles.work]\ntheme = "dark"\n[profiles.x]\n'),
        ("profiles.work.timeout = 3\n", 'profiles.work.timeout = 3\nprofiles.work.theme = "dark"\n'),
        ("[profiles.work]\na = 1\n[keys]\n[profiles.x]\n", '[profiles.work]\na = 1\ntheme = "dark"\n[keys]\n[profiles.x]\n'),
        ("[profiles]\nwork = { a = 1 }\n", '[profiles]\nwork = { a = 1, theme = "dark"}\n'),
    ],
)  # fmt: skip
def test_a_key_of_a_profile_is_set(tmp_path, before, after):
    """With a profile, the key is in its table, in each form that TOML has for it."""
    file = tmp_path / "config.toml"
    file.write_text(before)
    set_key(file, "theme", "dark", profile="work")
    assert file.read_text() == after
    with pytest.raises(ConfigError, match="no profile 'home'; the file has: work"):
        set_key(file, "theme", "dark", profile="home")
    assert file.read_text() == after


def test_a_directory_that_does_not_exist_yet(tmp_path):
    """It has no profile, as an empty file has none; a key without a profile creates it."""
    file = tmp_path / "a/b/config.toml"
    for change in (
        lambda: set_key(file, "theme", "dark", profile="work"),
        lambda: unset_key(file, "theme", profile="work"),
    ):
        with pytest.raises(ConfigError, match="there is no profile 'work'; the file has: none"):
            change()
    assert not file.parent.exists()
    set_key(file, "theme", "dark")
    assert file.read_text() == 'theme = "dark"\n'


def test_a_key_is_removed(tmp_path):
    """Its own line and the comment on it go; a second time, the error says that it is not there."""
    file = tmp_path / "config.toml"
    file.write_text(f"# mine\ntimeout = 60  # note\n# theme\ntheme = 'x'\n{WORK}")
    unset_key(file, "timeout")
    assert file.read_text() == f"# mine\n# theme\ntheme = 'x'\n{WORK}"
    unset_key(file, "timeout", profile="work")
    assert "timeout" not in file.read_text()
    with pytest.raises(ConfigError, match="does not set timeout"):
        unset_key(file, "timeout")


def test_values_have_their_types(tmp_path):
    """Numbers and flags are written as such, and a text is quoted."""
    file = tmp_path / "config.toml"
    values = {"timeout": 5, "quiet": True, "node": 'C:\\a "b"\n\u202e'}
    for name, value in values.items():
        set_key(file, name, value)
    assert tomllib.loads(file.read_text()) == values


def test_the_file_is_made_for_its_owner(tmp_path):
    """A new file and its directory are the owner's alone; an old one keeps its mode, and a link stays a link."""
    file = tmp_path / "new/dir/config.toml"
    set_key(file, "theme", "dark")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.chmod(0o644)
    link = tmp_path / "config.toml"
    link.symlink_to("new/dir/config.toml")
    set_key(link, "theme", "light")
    assert link.is_symlink() and 'theme = "light"' in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [one.name for one in file.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"theme = = 3\n", "not valid TOML"),
        (b"theme = '\xff'\n", "not UTF-8"),
        (b"# " + b"x" * MOST_TOML, "longer than"),
    ],
)
def test_a_file_that_cannot_be_read_is_left_alone(tmp_path, content, why):
    """One sentence says what is wrong, and the file is as before."""
    file = tmp_path / "config.toml"
    file.write_bytes(content)
    for change in (lambda: set_key(file, "theme", "dark"), lambda: unset_key(file, "theme")):
        with pytest.raises(ConfigError, match=why) as caught:
            change()
        assert "\n" not in str(caught.value) and str(file) in str(caught.value)
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_does_not_grow_beyond_what_is_read(tmp_path):
    """A key that would make the file too long to be read again is refused."""
    file = tmp_path / "config.toml"
    file.write_bytes(b"# " + b"x" * (MOST_TOML - 3) + b"\n")
    with pytest.raises(ConfigError, match="use an editor"):
        set_key(file, "theme", "dark")


@pytest.mark.parametrize("kind", ["directory", "pipe", "loop", "file in the way", "too long"])
def test_a_place_that_cannot_be_written(tmp_path, kind):
    """A directory, a pipe, a circle of links and an impossible directory are one sentence each."""
    file = tmp_path / "config.toml"
    match kind:
        case "directory":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case "loop":
            file.symlink_to(file)
        case "file in the way":
            (tmp_path / "x").touch()
            file = tmp_path / "x/config.toml"
        case "too long":
            file = tmp_path / ("x" * 300) / "config.toml"
    with pytest.raises(ConfigError, match="cannot be written"):
        set_key(file, "theme", "dark")


def test_changes_at_one_time_are_all_there(tmp_path):
    """Each of many writers changes its own key, and none is lost."""
    file = tmp_path / "config.toml"
    threads = [
        threading.Thread(target=set_key, args=(file, f"key-{number}", number))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tomllib.loads(file.read_text()) == {f"key-{number}": number for number in range(12)}


def test_a_change_by_an_editor_meanwhile_is_kept(tmp_path, monkeypatch):
    """What another program writes between the reading and the replacement stays."""
    file = tmp_path / "config.toml"
    file.write_text("timeout = 1\n")
    sync, edits = os.fsync, iter(["timeout = 2\n"])

    def edited(descriptor: int) -> None:
        sync(descriptor)
        for text in edits:
            file.write_text(text)

    monkeypatch.setattr(os, "fsync", edited)
    set_key(file, "theme", "dark")
    assert file.read_text() == 'timeout = 2\ntheme = "dark"\n'


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ("", "work", '[profiles.work]\npool = "x"\n'),
        ("# mine\ntheme = 'dark'  # so\n", "work", "# mine\ntheme = 'dark'  # so\n\n[profiles.work]\npool = \"x\"\n"),
        ("[profiles.a]\ntimeout = 1\n\n# end\n", "b c", '[profiles.a]\ntimeout = 1\n\n# end\n\n[profiles."b c"]\npool = "x"\n'),
        ("profiles = { a = { timeout = 1 } }\n", "b", None),
        ("\ufeff# mine\n", "a", '\ufeff# mine\n\n[profiles.a]\npool = "x"\n'),
        ("theme = 'a'\r\n", "b", "theme = 'a'\r\n\r\n[profiles.b]\r\npool = \"x\"\r\n"),
    ],
)  # fmt: skip
def test_a_profile_is_added_at_the_end(tmp_path, before, name, after):
    """Comments and order stay; an existing profile is not changed."""
    file = tmp_path / "config.toml"
    if before:
        file.write_bytes(before.encode())
    add_profile(file, name, {"pool": "x"})
    assert after is None or file.read_bytes().decode() == after
    assert profiles_of(file)[name] == {"pool": "x"}
    with pytest.raises(ConfigError, match="already"):
        add_profile(file, name, {"pool": "y"})

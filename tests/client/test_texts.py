"""Identifiers, endpoints, file names and inspect literals: text in, text out."""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noderepl.client import endpoint, identifier, inspect_literals, wire
from noderepl.errors import UsageError
from noderepl.service.node import find_node


def test_new_identifiers_are_32_characters_of_base64url_and_never_alike() -> None:
    """A new identifier is 32 characters of base64url, valid, and different each time."""
    made = {identifier.new_identifier() for _ in range(100)}
    assert len(made) == 100
    for text in made:
        assert len(text) == 32
        assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        assert identifier.check_identifier(text) == text


@pytest.mark.parametrize(
    "text", ["abcd", "a" * 128, "|-&^%$#(){}[];<>", "a.b@c/d?e=f:g'h\"i`j~k!l+m*n,o"]
)
def test_documented_identifiers_pass(text: str) -> None:
    """Every documented character and both limits of length are accepted as they are."""
    assert identifier.check_identifier(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "abc", "a" * 129, "secret word", "secret\\word", "secretü", "secret\n", "\x1b[31m1"],
)
def test_other_identifiers_are_refused_without_being_repeated(text: str) -> None:
    """An identifier that the service forbids is refused in a sentence that does not hold it."""
    with pytest.raises(UsageError) as caught:
        identifier.check_identifier(text)
    assert "4 to 128" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "expected"), [("a" * 32, "aaaa…"), ("abcd", "a…"), ("abcdefgh", "ab…"), ("", "…")]
)
def test_a_shortened_identifier_gives_little_away(text: str, expected: str) -> None:
    """At most four characters and at most a quarter of an identifier are shown."""
    assert identifier.shortened(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://h.example", "https://h.example"),
        ("https://h.example/p///", "https://h.example/p"),
        (" http://localhost:6000/ ", "http://localhost:6000"),
        ("https://h.example/p/python/execute", "https://h.example/p"),
        ("https://h.example/p/code/execute/", "https://h.example/p"),
        ("https://h.example/p/executions?identifier=secret&api-version=x#y", "https://h.example/p"),
        ("https://h.example/p/Code/Execute", "https://h.example/p"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_an_endpoint_may_be_any_url_of_the_pool(text: str, expected: str) -> None:
    """Slashes, the path of an execute call and a query are left out of an endpoint."""
    assert endpoint.base_url(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "h.example", "ftp://h.example", "https://", "https:///p", "https://h:port/p", "https://h:99999/", "https://h:0/",
     "https://user:secret@h/p", "https://a b/p", "https://h/p\x1b[31m?identifier=secret", "https://[::1/p"],
)  # fmt: skip
def test_bad_endpoints_are_refused_without_secrets(text: str) -> None:
    """What is not a URL of a pool is a UsageError that repeats neither query nor password."""
    with pytest.raises(UsageError) as caught:
        endpoint.base_url(text)
    assert "endpoint" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://127.0.0.1:1", True), ("http://127.9.8.7/", True), ("http://[::1]/", True), ("http://localhost/p", True),
     ("http://LOCALHOST", True), ("http://10.0.0.1", False), ("https://localhost.example", False),
     ("https://127.0.0.1.example", False), ("http://embedded.invalid", False)],
)  # fmt: skip
def test_loopback_is_this_machine_only(url: str, expected: bool) -> None:
    """localhost, 127.0.0.0/8 and ::1 are loopback, names that only look so are not."""
    assert endpoint.is_loopback(url) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.txt", ("", "a.txt")), ("dir/a.txt", ("dir", "a.txt")), ("/mnt/data/a.txt", ("", "a.txt")),
     ("/mnt/data/d/e/a b@$&=;,#%^().txt", ("d/e", "a b@$&=;,#%^().txt")), ("größe_日本.csv", ("", "größe_日本.csv")),
     (".env", ("", ".env"))],
)  # fmt: skip
def test_file_names_are_cut_into_directory_and_base_name(
    name: str, expected: tuple[str, str]
) -> None:
    """A name is relative to /mnt/data or absolute below it; its directory is apart from its base name."""
    assert wire.split_name(name) == expected


@pytest.mark.parametrize(
    ("name", "named"),
    [("a:b", "':'"), ("a'b", '"\'"'), ("x/a+b", "'+'"), ("d.ir/a", "'.'"), ("../a", "'.'"), ("..", "dots"),
     (".", "dots"), ("", "empty"),
     ("a/", "empty"), ("/etc/passwd", "empty"), ("a//b", "empty"), ("a\x1bb", "U+001B"),
     ("a\u202eb", "U+202E"), ("a\\b", "\\"), ("a?b", "'?'"), ("a\nb", "U+000A")],
)  # fmt: skip
def test_forbidden_file_names_are_refused_by_character(name: str, named: str) -> None:
    """A name that the service forbids is refused before it is sent, and the bad character is named."""
    with pytest.raises(UsageError) as caught:
        wire.split_name(name)
    assert named in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("4", 4), ("-1.5", -1.5), ("1e+21", 1e21), ("true", True), ("false", False), ("null", None), ("'a'", "a"),
     ("''", ""), (r"'a\nb'", "a\nb"), (r"'\x1B[31m\x07'", "\x1b[31m\x07"), ('"it\'s"', "it's"), ("`\"'`", "\"'"),
     (r"'a\\b'", r"a\b"), (r"'\uD83D'", "\ufffd"), (r"'it\'s \"`'", "it's \"`"),
     ("'aaaaaaaaaaaaaaaaa\\n' +\n  'b'", "aaaaaaaaaaaaaaaaa\nb"), ("NaN", "NaN"), ("10n", "10n"), ("-0", 0),
     ("{ a: 1 }", "{ a: 1 }"), ("[ 1 ]", "[ 1 ]"), ("[String: 'x']", "[String: 'x']"), ("1" * 5000, "1" * 5000),
     ("'aa'... 5 more characters", "'aa'... 5 more characters"), ("'a' 'b'", "'a' 'b'"), ("'", "'")],
)  # fmt: skip
def test_inspect_text_has_a_json_meaning(text: str, expected: object) -> None:
    """Strings lose their quotes, numbers, booleans and null are themselves, anything else is its text."""
    assert inspect_literals.meaning(text) == expected
    assert type(inspect_literals.meaning(text)) is type(expected)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]))
        | st.text("ab'\"`\n\\$\x00\x1b\x7f", max_size=60)
    )
)
def test_every_string_survives_a_round_through_our_own_escapes(texts: list[str]) -> None:
    """A string escaped as Node escapes it is itself again."""
    for text in texts:
        escaped = "".join(f"\\x{ord(c):02X}" if ord(c) < 32 or c in "'\\" else c for c in text)
        assert inspect_literals.meaning(f"'{escaped}'") == text


def test_literals_are_read_as_node_writes_them() -> None:
    """What the real util.inspect writes for awkward strings is read back as those strings."""
    strings = ["", "a", "it's", "it's \"q\"", "`it's \"q\"", "${x} ' \"", "\n\t\b\f\r\v\0\x1b\x7f\x85", "\\", "\\n",
               "é日🎉",
               "\u2028\u202e", "line\n" * 30,
               "long line that goes on and on and on and on and on and on and on\nand on " * 3,
               "'\n\"" * 20]  # fmt: skip
    script = (
        "const s = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(s.map((x) => require('util').inspect(x))))"
    )
    ran = subprocess.run(
        [find_node().path, "-e", script],
        input=json.dumps(strings),
        capture_output=True,
        text=True,
        check=True,
    )
    assert [inspect_literals.meaning(text) for text in json.loads(ran.stdout)] == strings

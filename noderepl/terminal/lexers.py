"""Pygments lexers for the output of Node.js: values (util.inspect) and errors (stacks).

Token types are pygments' own; STYLE_OF maps each to a style of the theme. Neither lexer removes or
adds a character, and every pattern is bounded or consumes the text that it scans, so time is
linear. This module does not depend on a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pygments.lexer import Lexer, RegexLexer, bygroups, default, include, words
from pygments.token import (
    Comment,
    Generic,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)

STYLE_OF: dict[_TokenType, str] = {
    String: "value-string",
    Number: "value-number",
    Keyword.Constant: "value-keyword",
    Keyword.Pseudo: "value-undefined",
    Name.Attribute: "value-key",
    Name.Class: "value-class",
    Name.Function: "value-function",
    Name.Builtin: "value-special",
    Name.Label: "value-reference",
    Comment: "value-elided",
    String.Symbol: "value-symbol",
    Literal.Date: "value-date",
    String.Regex: "value-regexp",
    Punctuation: "value-punctuation",
    Operator: "value-punctuation",
    Name.Exception: "error-name",
    Generic.Error: "error-message",
    Generic.Output: "error-source",
    Generic.Strong: "error-caret",
    Generic.Traceback: "frame-user",
    Name.Namespace: "frame-place",
    Comment.Special: "frame-internal",
}

_groups: Callable[..., object] = bygroups  # pygments does not type it
_IDENTIFIER = r"(?:[^\W\d]|\$)[\w$]*"
_NESTED = r"(?:[^\[\]\n]|\[[^\[\]\n]{0,60}\]){0,120}"
_CODE = r"(?: \[[^\]\n]{1,80}\])?"
_ERROR = r"[\w$.]{0,100}(?:Error|Exception|Warning)" + _CODE


def _string(quote: str) -> str:
    """Returns the pattern of a string literal; the closing quote may be missing, so that no text is
    scanned twice.
    """
    return rf"{quote}[^{quote}\\\n]*+(?:\\[^\n][^{quote}\\\n]*+)*+"


class InspectLexer(RegexLexer):
    """Lexes the output of util.inspect, including error stacks in it."""

    name = "Node.js util.inspect"
    url = "https://nodejs.org/api/util.html"
    aliases = ("node-inspect",)

    tokens = {  # noqa: RUF012  # as pygments reads it
        "root": [include("value")],
        "value": [
            include("frames"),
            (r"\n", Whitespace),
            (r"[^\S\n]+", Whitespace),
            include("errors"),
            include("keys"),
            include("marks"),
            include("literals"),
            (_IDENTIFIER + r"(?=(?:\(\d{1,12}\))? [\[{<])", Name.Class),
            (_IDENTIFIER, Name),
            (r"=>", Operator),
            (r"[{}\[\](),:+*.]", Punctuation),
            (r".", Text),
        ],
        "frames": [
            (r"^[ \t]+at (?:[^\n(]*+\()?node:(?:(?! \{\n)[^\n])*", Comment.Special),
            (
                r"^([ \t]+at (?:async )?)([^\n(]*+)(\((?:(?! \{\n)[^\n])*)",
                _groups(Generic.Traceback, Generic.Traceback, Name.Namespace),
            ),
            (
                r"^([ \t]+at (?:async )?)((?:(?! \{\n)[^\n])+)",
                _groups(Generic.Traceback, Name.Namespace),
            ),
            (r"^[ \t]+\.\.\. \d+ lines matching [^\n]*", Comment),
            (r"^[ \t]+… \d+ internal frames", Comment.Special),
        ],
        "errors": [
            # An error begins at the start, after <rejected> or [cause]:, or above its first frame.
            (
                rf"(?:\A|(?<=<rejected> )|(?<=\]: ))({_ERROR})(: [^\n]*|(?=\n|\Z))",
                _groups(Name.Exception, Generic.Error),
            ),
            (
                rf"([A-Z][\w$.]{{0,100}}{_CODE})((?:: [^\n]{{0,300}})?)(?=\n[ \t]{{1,200}}at )",
                _groups(Name.Exception, Generic.Error),
            ),
            (
                rf"(\[)({_ERROR})((?:: [^\n\]]{{0,1000}})?)(\])",
                _groups(Punctuation, Name.Exception, Generic.Error, Punctuation),
            ),
        ],
        "keys": [
            (r"\[Symbol\([^\n]{0,200}?\)\](?=:)", Name.Attribute),
            (r"\[[\w.$-]{1,80}\](?=:)", Name.Attribute),
            (_string("'") + r"'(?=:)", Name.Attribute),
            (_string('"') + r'"(?=:)', Name.Attribute),
            (_string("`") + r"`(?=:)", Name.Attribute),
            (_IDENTIFIER + r"(?=:\s)", Name.Attribute),
        ],
        "marks": [
            (rf"\[(?:Async)?(?:Generator)?Function[ :]{_NESTED}\]", Name.Function),
            (rf"\[class {_NESTED}\]", Name.Class),
            (r"\[Circular \*\d{1,12}\]|<ref \*\d{1,12}>", Name.Label),
            (r"\[(?:Getter/Setter|Getter|Setter)(?=[\]:])", Name.Builtin),
            (
                r"\[[A-Z][\w$]{0,80}(?:\(\d{1,12}\))?(?:: null prototype| Entries| Iterator)?\]",
                Name.Builtin,
            ),
            (
                r"(\[)(Number|String|Boolean|BigInt|Symbol|Date)(?=[: (])",
                _groups(Punctuation, Name.Class),
            ),
            (r"(<)(\w{0,40}Buffer)(?=[ >])", _groups(Punctuation, Name.Class), "bytes"),
            (r"<(?=[0-9a-f]{2}[ >])", Punctuation, "bytes"),
            (r"<rejected>", Name.Exception),
            (r"<[A-Za-z0-9][^<>\n]{0,80}>", Comment),
            (r"\.\.\. (?:\d{1,15} )?more (?:item|character|byte)s?", Comment),
        ],
        "literals": [
            (r"(?:[+-]\d\d)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|Invalid Date", Literal.Date),
            (r"Symbol\([^\n)]{0,200}\)", String.Symbol),
            (_string("'") + "'?", String.Single),
            (_string('"') + '"?', String.Double),
            (_string("`") + "`?", String.Backtick),
            (r"-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?n?|(?:Infinity|NaN)(?![\w$]))", Number),
            (words(("true", "false", "null"), suffix=r"(?![\w$])"), Keyword.Constant),
            (r"undefined(?![\w$])", Keyword.Pseudo),
            (
                r"(?<![\w\])/.])/(?:\\[^\n]|[^/\\\[\n]|\[(?:\\[^\n]|[^\]\\\n])*+\]?)++(?:/[a-z]*)?",
                String.Regex,
            ),
        ],
        "bytes": [
            (r" +", Whitespace),
            (r"[0-9a-f]{2}(?=[ >])", Number.Hex),
            (r"\.\.\. \d{1,15} more bytes?", Comment),
            (r">", Punctuation, "#pop"),
            default("#pop"),
        ],
    }


class StackLexer(InspectLexer):
    """Lexes an error's stack: the source line and its caret, name and message, frames, and the
    error's own properties.
    """

    name = "Node.js error stack"
    aliases = ("node-stack",)

    tokens = {  # noqa: RUF012  # as pygments reads it
        "root": [
            (r"^node:[^\n]*:\d+\n[^\n]*+\n[ \t]*+\^*+[ \t]*+$", Comment.Special),
            (
                r"^(\S[^\n]*:\d+)(\n)([^\n]*+)(\n[ \t]*+)(\^*+)([ \t]*+)$",
                _groups(
                    Name.Namespace,
                    Whitespace,
                    Generic.Output,
                    Whitespace,
                    Generic.Strong,
                    Whitespace,
                ),
            ),
            (r"\n", Whitespace),
            (
                (
                    rf"((?:Uncaught )?{_IDENTIFIER}(?:\.{_IDENTIFIER}){{0,20}}{_CODE})(:"
                    r" [^\n]*|(?=\n|\Z))"
                ),
                _groups(Name.Exception, Generic.Error),
                "body",
            ),
            default("body"),
        ],
        "body": [
            (r"(?<= \{)\n", Whitespace, "value"),
            (r"\n", Whitespace),
            include("frames"),
            (r" \{(?=\n)", Punctuation),
            (r"[^\n]+", Generic.Error),
        ],
    }


def styled(lexer: Lexer, text: str) -> Iterator[tuple[str, str]]:
    """Yields pairs of a style name of the theme ("" for none) and a part of the text; the joined
    parts are the text.

    This calls the lexer without pygments' preparation of its input, which changes line ends.
    """
    for _, token, piece in lexer.get_tokens_unprocessed(text):
        kinds = reversed(token.split())  # the token itself, then its parents
        yield next((STYLE_OF[kind] for kind in kinds if kind in STYLE_OF), ""), piece

"""The styles of a theme, each with a sentence, in the order of the documentation. Data only."""

from __future__ import annotations

from noderepl.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """One style.

    name: its key under [styles]. sentence: its description. token: the pygments token whose style
    in the theme's base applies if the theme does not define this one, "" for none. classes:
    prompt_toolkit's names for it.
    """

    name: str
    sentence: str
    token: str = ""
    classes: tuple[str, ...] = ()


MEANINGS = (
    Meaning("prompt", "The `> ` before a snippet."),
    Meaning("continuation", "The `... ` before a snippet's further lines."),
    Meaning("magic", "A magic's name while it is typed.", "Keyword.Namespace"),
    Meaning("code-keyword", "A keyword of typed JavaScript.", "Keyword"),
    Meaning("code-constant", "`true`, `null`, `this` and the like, typed.", "Keyword.Constant"),
    Meaning("code-string", "A string or template, typed.", "Literal.String"),
    Meaning("code-regexp", "A regular expression, typed.", "Literal.String.Regex"),
    Meaning("code-number", "A number, typed.", "Literal.Number"),
    Meaning("code-comment", "A comment, typed.", "Comment"),
    Meaning("code-function", "A function's name in its definition or call.", "Name.Function"),
    Meaning("code-class", "A class's name, typed.", "Name.Class"),
    Meaning("code-property", "A property's name, typed.", "Name.Attribute"),
    Meaning("code-plain", "All other typed JavaScript."),
    Meaning("value-string", "A string in a value.", "Literal.String"),
    Meaning("value-number", "A number, bigint or byte in a value.", "Literal.Number"),
    Meaning("value-keyword", "`true`, `false` and `null` in a value.", "Keyword.Constant"),
    Meaning("value-undefined", "`undefined`, also for a snippet without a value.", "Comment"),
    Meaning("value-key", "A property's name in a value.", "Name.Attribute"),
    Meaning("value-class", "A class's name: `Map`, `[class A]`.", "Name.Class"),
    Meaning("value-function", "`[Function: name]`.", "Name.Function"),
    Meaning("value-special", "A name in place of a value: `[Object]`, `[Getter]`.", "Name.Builtin"),
    Meaning("value-reference", "`<ref *1>` and `[Circular *1]`.", "Name.Label"),
    Meaning(
        "value-elided",
        "Omitted parts: `... 3 more items`, `<2 empty items>`, `<pending>`, `… 9 more lines`.",
        "Comment",
    ),
    Meaning("value-symbol", "A symbol in a value.", "Literal.String.Symbol"),
    Meaning("value-date", "A date in a value.", "Literal.Date"),
    Meaning("value-regexp", "A regular expression in a value.", "Literal.String.Regex"),
    Meaning("value-punctuation", "Brackets, commas and arrows in a value.", "Punctuation"),
    Meaning("stdout", "The standard output of a snippet."),
    Meaning("stderr", "The standard error of a snippet.", "Generic.Error"),
    Meaning("error-name", "An error's class.", "Name.Exception"),
    Meaning("error-message", "An error's message."),
    Meaning(
        "error-source",
        "Names and signs in the source line of an error; the rest is coloured as typed.",
    ),
    Meaning("error-caret", "The `^` under it.", "Name.Exception"),
    Meaning("frame-user", "A function of the user in a stack."),
    Meaning("frame-place", "The file, line and column of a user's frame.", "Comment"),
    Meaning("frame-internal", "Frames of Node.js itself.", "Comment"),
    Meaning("note", "A sentence of noderepl."),
    Meaning("warning", "A sentence that needs attention."),
    Meaning("failure", "A sentence about a failure.", "Generic.Error"),
    Meaning("table-header", "The first line of a table."),
    Meaning("file-name", "A file's name in a list."),
    Meaning("directory-name", "A directory's name in a list.", "Name.Namespace"),
    Meaning("file-detail", "A file's size and age."),
    Meaning("progress", "The completed part of a progress bar."),
    Meaning("progress-rest", "The remaining part of a progress bar."),
    Meaning(
        "toolbar", "The line below the input.", classes=("bottom-toolbar", "bottom-toolbar.text")
    ),
    Meaning("toolbar-key", "A word in that line that needs attention."),
    Meaning(
        "suggestion",
        "The rest of an earlier snippet behind the cursor, and the value of what is typed.",
        "Comment",
        ("auto-suggestion",),
    ),
    Meaning("completion-menu", "The list of completions.", classes=("completion-menu",)),
    Meaning(
        "completion-current",
        "The chosen completion.",
        classes=("completion-menu completion-menu.completion.current",),
    ),
    Meaning(
        "completion-meta",
        "The kind of a completion, beside it.",
        classes=("completion-menu.meta.completion",),
    ),
    Meaning(
        "selection",
        "Selected text, and the match of a search.",
        classes=("selected", "search", "incsearch.current"),
    ),
)

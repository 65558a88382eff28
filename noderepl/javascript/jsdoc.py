"""JSDoc comments as text that is easy to read: prose, parameters, and examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Literal

from noderepl.lazy_dataclasses import dataclass

# Characters of a comment that are read.
LONGEST = 20_000
# Between a comment and the function that it describes: the head of a declaration or an assignment.
_HEAD = re.compile(
    r"\s*(?:(?:export|default|const|let|var|static|async|get|set|return|public|private)\s+)*"
    r"(?:[\w$.\[\]'\"]+\s*)?(?:[=:]\s*)?[(!]?\s*"
)
_HEAD_LONGEST = 300
_STARS = re.compile(r"^[ \t]*\*(?!\*/) ?", re.MULTILINE)
_TAG = re.compile(r"@([\w-]+)[ \t]*")
_LINK = re.compile(r"\{@link(?:code|plain)?[ \t]+([^{}\s|]+)[ \t|]*([^{}]*)\}")
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\(([^()\s]*)\)")
_MARKS = re.compile(r"(\*\*|__)(?=\S)([^*_\n]+)\1")
_HTML = re.compile(r"</?(?:p|br|b|i|em|strong|code|ul|ol|li|pre)\s*/?>", re.IGNORECASE)
_PARAMETER = re.compile(r"(\[[^\]\n]*\]|[\w$.]+)\s*(?:-\s*)?")
_FENCE = re.compile(r"[ \t]*(```+|~~~+)[^\n]*")
_CAPTION = re.compile(r"<caption>(.*?)</caption>", re.DOTALL)
_TITLES = {
    "param": "Parameters",
    "arg": "Parameters",
    "argument": "Parameters",
    "typeparam": "Type parameters",
    "template": "Type parameters",
    "returns": "Returns",
    "return": "Returns",
    "throws": "Throws",
    "exception": "Throws",
    "property": "Properties",
    "prop": "Properties",
    "deprecated": "Deprecated",
    "see": "See",
    "since": "Since",
    "default": "Default",
    "defaultvalue": "Default",
    "remarks": "Remarks",
    "summary": "",
    "description": "",
    "desc": "",
    "example": "Example",
}
_NAMED = ("Parameters", "Type parameters", "Properties")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """kind: prose, code, or the title of a section, whose items follow. name: of a parameter."""

    kind: Literal["prose", "code", "title", "item"]
    text: str
    name: str = ""


def comment_before(text: str) -> str:
    """Returns the JSDoc comment that belongs to a function, "" if there is none. text: what is
    before the function in its file.
    """
    end = text.rfind("*/")
    head = text[end + 2 :]
    if end < 0 or len(head) > _HEAD_LONGEST or not _HEAD.fullmatch(head):
        return ""
    start = text.rfind("/*", 0, end)
    return text[start : end + 2] if start >= 0 else ""


def paragraphs(comment: str) -> list[Paragraph]:
    """Returns a JSDoc comment as paragraphs; none if it is another kind of comment."""
    bare = comment.strip()[:LONGEST]
    if not bare.startswith("/**"):
        return []
    body = bare.removeprefix("/**").removesuffix("*/").removesuffix("*")
    text = _STARS.sub("", body.replace("\r\n", "\n"))
    return list(_sections(text))


def _sections(text: str) -> Iterator[Paragraph]:
    shown = ""
    for tag, body in _tags(text):
        title = _TITLES.get(tag)
        if tag and title is None:
            continue
        if not title:
            yield from _prose(body)
            continue
        if title != shown or title == "Example":
            yield Paragraph("title", title)
        shown = title
        if title == "Example":
            yield from _example(body)
        elif title in _NAMED:
            yield _parameter(body)
        elif body.strip():
            yield Paragraph("item", _inline(" ".join(body.split())))


def _tags(text: str) -> Iterator[tuple[str, str]]:
    """Yields each tag and its text; the text before the first tag has none."""
    tag, fence = "", ""
    lines: list[str] = []
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        found = None if fence else _TAG.match(line.lstrip())
        if found:
            yield tag, "\n".join(lines)
            tag, lines = found[1].lower(), [line.lstrip()[found.end() :]]
        else:
            lines.append(line)
    yield tag, "\n".join(lines)


def _parameter(body: str) -> Paragraph:
    text = " ".join(body.split())
    of_type = ""
    if text.startswith("{"):
        end = _closing(text)
        of_type, text = text[: end + 1], text[end + 1 :].lstrip()
    found = _PARAMETER.match(text)
    name = found[1] if found else ""
    rest = _inline(text[found.end() :] if found else text)
    return Paragraph("item", " ".join(filter(None, (of_type, rest))), name)


def _closing(text: str) -> int:
    """Returns the index of the brace that closes the first one; the last index if none does."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return at
    return len(text) - 1


def _example(body: str) -> Iterator[Paragraph]:
    caption = _CAPTION.search(body)
    if caption:
        yield Paragraph("prose", caption[1].strip())
        body = body[: caption.start()] + body[caption.end() :]
    if any(_FENCE.match(line) for line in body.split("\n")):
        yield from _prose(body)
    elif code := dedent(body).strip("\n"):
        yield Paragraph("code", code.rstrip())


def _prose(text: str) -> Iterator[Paragraph]:
    """Yields the paragraphs, list items and fenced code of a Markdown text."""
    lines: list[str] = []
    code: list[str] | None = None
    for line in [*text.split("\n"), ""]:
        if _FENCE.match(line):
            if code is None:
                yield from _joined(lines)
                lines, code = [], []
            else:
                yield Paragraph("code", dedent("\n".join(code)).strip("\n"))
                code = None
        elif code is not None:
            code.append(line)
        elif not line.strip():
            yield from _joined(lines)
            lines = []
        else:
            if re.match(r"\s*(?:[-*+]|\d+[.)])\s", line):
                yield from _joined(lines)
                lines = []
            lines.append(line.strip())
    if code:
        yield Paragraph("code", dedent("\n".join(code)).strip("\n"))


def _joined(lines: list[str]) -> Iterator[Paragraph]:
    text = " ".join(lines).strip()
    if text:
        yield Paragraph("prose", _inline(text.lstrip("#").lstrip() if text[0] == "#" else text))


def _inline(text: str) -> str:
    text = _LINK.sub(lambda found: found[2].strip() or found[1], text)
    text = _MARKDOWN_LINK.sub(
        lambda found: f"{found[1]} ({found[2]})" if found[2].startswith("http") else found[1], text
    )
    return _HTML.sub("", _MARKS.sub(r"\2", text))

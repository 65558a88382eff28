"""%doc and %source, which `expr?` and `expr??` run: what is known of a value, without running code
of a snippet.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from noderepl.errors import UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Description, Entry, Outcome, Words

if TYPE_CHECKING:
    from noderepl.javascript.bindings import Imported
    from noderepl.javascript.builtin_pages import BuiltinPage
    from noderepl.javascript.declaration_index import Declared
    from noderepl.javascript.descriptions import Found, Origin
    from noderepl.javascript.questions import Path

# Names that are listed.
MOST_NAMES = 20
_RUNS = "cannot be described without running code{}. Assign its value to a name, then ask for that."


async def _doc(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    return await _answered(context, arguments, wants_source=False)


async def _source(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    return await _answered(context, arguments, wants_source=True)


async def _answered(
    context: Context, arguments: Arguments, *, wants_source: bool
) -> Sequence[Outcome]:
    from noderepl.javascript.bindings import imported
    from noderepl.javascript.questions import path, question

    asked = question(f"{arguments.text}?")
    if asked is None:
        raise arguments.wrong("the argument must be one expression of names, members and calls")
    expression = asked.expression
    where = path(expression)
    if where is None:
        return [Words(f"{expression} {_RUNS.format('')}", warning=True)]
    bound = imported(where.name, context.runner.snippets)
    found = await context.runner.describe(where, bound.specifier if bound else "")
    if found is None:
        needs = "%mode full" if context.preferences.mode == "plain" else "the Node.js inspector"
        raise UsageError(f"{expression} cannot be described: the session needs {needs} for that")
    if (why := _unreadable(found, expression, context.state.names)) is not None:
        return [Words(why, warning=True)]
    if wants_source and found.source:
        return [_source_of(found)]
    described = Description(tuple(await _entries(found, where, bound, expression)))
    if wants_source:
        kind = "is native code" if found.arity is not None else "is no function"
        return [described, Words(f"{expression} {kind}: there is no source to show.")]
    return [described]


def _unreadable(found: Found, expression: str, names: Sequence[str]) -> str | None:
    """Returns the sentence about a value that cannot be read, None for any other value."""
    match found.state:
        case "unknown":
            from noderepl.javascript.completion_names import GLOBALS

            near = difflib.get_close_matches(found.at, [*names, *GLOBALS], n=1, cutoff=0.75)
            return f"{found.at} is not defined." + (f" Did you mean {near[0]}?" if near else "")
        case "missing":
            return f"{expression}: there is no member {found.at}."
        case "nothing":
            return f"{expression}: what should have the member {found.at} is null or undefined."
        case "unready":
            return f"{found.at} has no value: its declaration did not run to its end."
        case "proxy":
            why = f": what has the member {found.at} is a proxy"
            return f"{expression} {_RUNS.format(why)}"
        case "code":
            return f"{expression} {_RUNS.format('')}"
    return None


def _source_of(found: Found) -> Description:
    from noderepl.javascript.signatures import readable_source

    entries = [Entry("code", readable_source(found.source))]
    if place := _place(found, found.origin):
        entries.append(Entry("field", place, "From"))
    return Description(tuple(entries))


async def _entries(
    found: Found, where: Path, bound: Imported | None, expression: str
) -> Sequence[Entry]:
    from noderepl.javascript.builtin_pages import builtin_page
    from noderepl.javascript.declarations import declared
    from noderepl.threaded import worked

    page = builtin_page(found.builtin) if found.builtin else None
    keys = [key for key in where.keys if key is not None]
    exported = bound.exported if bound else ""
    if exported == "*" and keys:
        exported = keys[0]
        keys = keys[1:]
    name = found.name or ("" if keys else found.made)

    def declarations(files: Sequence[tuple[str, str]]) -> Sequence[Declared]:
        script = found.package.file if found.package is not None else ""
        owner = found.owner or ""
        return declared(files, exported, keys, owner=owner, name=name, script=script)

    size = sum(len(text) for _, text in found.declarations)
    typed = await worked(declarations, found.declarations, size) if found.declarations else ()
    last = where.keys[-1] if where.keys else where.name
    shown = last or found.name or expression
    entries = [Entry("code", "\n".join(_signatures(found, typed, page, shown)))]
    entries += _fields(found, page)
    if page is not None:
        entries.append(Entry("prose", page.summary))
    else:
        entries += _documentation(found, typed)
    return [entry for entry in entries if entry.text]


def _signatures(
    found: Found, typed: Sequence[Declared], page: BuiltinPage | None, shown: str
) -> Iterator[str]:
    if page is not None:
        yield page.signature
    elif typed and (found.arity is not None or found.state == "accessor"):
        for one in typed:
            bare = one.signature.removeprefix("function ")
            is_whole = not one.container and one.kind == "function" and bare.startswith(one.name)
            yield shown + bare.removeprefix(one.name).lstrip() if is_whole else bare
    elif found.source:
        from noderepl.javascript.signatures import signature

        prefix = "async " if found.is_async else ""
        yield prefix + signature(found.source, f"*{shown}" if found.is_generator else shown)


def _fields(found: Found, page: BuiltinPage | None) -> Iterator[Entry]:
    yield Entry("field", _kind(found), "Type")
    is_function = found.arity is not None
    is_value = not is_function and found.state == "found" and not found.module
    if is_value and not found.is_proxy and not found.preview.endswith(" {}"):
        yield Entry("field", found.preview, "Value")
    if found.made and not found.module and found.made not in ("Object", "object"):
        place = _place(found, found.origin)
        yield Entry("field", found.made + (f" ({place})" if place else ""), "Constructor")
    if found.statics or found.members:
        if _is_class(found):
            yield Entry("field", _listed(found.members), "Members")
        yield Entry("field", _listed(found.statics), "Static" if _is_class(found) else "Members")
    if found.keys and found.made != "Array":
        yield Entry("field", _listed(found.keys), "Exports" if found.module else "Keys")
    if found.module and found.package is not None:
        yield Entry("field", found.package.description, "About")
    yield Entry("field", _from(found, page), "From")
    if page is not None:
        yield Entry("field", page.url, "Page")
    if found.state == "accessor":
        yield Entry("field", "reading it runs code, so its value is not shown", "Note")
    if found.is_proxy:
        yield Entry("field", "looking at it runs its handler, so nothing of it is shown", "Note")


def _kind(found: Found) -> str:
    if found.state == "accessor":
        return "accessor"
    if found.is_proxy:
        return "proxy"
    if found.arity is None:
        return "module" if found.module else found.type
    if _is_class(found):
        return "class" + (f" extends {found.extends}" if found.extends else "")
    words = ["async"] * found.is_async + ["generator"] * found.is_generator + ["function"]
    return " ".join(words)


def _is_class(found: Found) -> bool:
    return found.type == "class" or (found.arity is not None and bool(found.members))


def _listed(names: Sequence[str]) -> str:
    """Returns the names and their number, "" if there are none."""
    more = ", …" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more} ({len(names):,})" if names else ""


def _from(found: Found, page: BuiltinPage | None) -> str:
    if page is not None:
        return page.origin
    is_instance = found.arity is None and not found.module and found.state == "found"
    place = "" if is_instance else _place(found, found.origin)
    return place or (f"snippet [{found.variable}]" if found.variable else "")


def _place(found: Found, origin: Origin) -> str:
    """Returns where a function is defined."""
    if origin.snippet:
        return f"snippet [{origin.snippet}], line {origin.line}"
    if found.package is not None:
        name = f"{found.package.name}@{found.package.version}"
        is_whole = found.module and found.arity is None
        has_line = found.package.file and not is_whole
        return f"{name}, {found.package.file}:{origin.line}" if has_line else name
    if origin.file:
        return f"{origin.file}:{origin.line}"
    return f"Node.js, {origin.node}" if origin.node else ""


def _documentation(found: Found, typed: Sequence[Declared]) -> Iterator[Entry]:
    from noderepl.javascript.jsdoc import comment_before, paragraphs

    comments = [one.comment for one in typed if one.comment] or [comment_before(found.before)]
    for paragraph in paragraphs(comments[0]):
        match paragraph.kind:
            case "prose":
                yield Entry("prose", paragraph.text)
            case "code":
                yield Entry("example", paragraph.text)
            case kind:
                yield Entry(kind, paragraph.text or " ", paragraph.name)


DOC = Magic(
    name="doc",
    group="Look",
    usage="%doc EXPRESSION",
    summary="Describe a value: its type, signature, documentation and origin",
    details=(
        "EXPRESSION? does the same. EXPRESSION is made of names, members and calls, such as"
        " fs.readFile or\nusers[0].name. No code of a snippet runs: no getter, and no trap of a"
        " proxy.\n%NAME? shows the help of a magic."
    ),
    run=_doc,
    completes="javascript",
)

SOURCE = Magic(
    name="source",
    group="Look",
    usage="%source EXPRESSION",
    summary="Show the source of a function or class",
    details=(
        "EXPRESSION?? does the same. A source that is longer than the screen opens in $PAGER, or"
        " less."
    ),
    run=_source,
    completes="javascript",
)

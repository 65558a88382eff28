"""The declarations of a package in TypeScript (.d.ts): finds those of one value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from noderepl.javascript.declaration_index import Declared, File, Index, Place
from noderepl.javascript.syntax import TooHard

# Overloads that are returned.
MOST_DECLARATIONS = 40
# Characters of the files that are parsed: the trees of dense ones take 200 times as many bytes.
MOST_CHARACTERS = 800_000
_SCRIPT_END = re.compile(r"\.[cm]?jsx?$")


def declared(
    files: Sequence[tuple[str, str]],
    exported: str,
    keys: Sequence[str],
    *,
    owner: str = "",
    name: str = "",
    script: str = "",
) -> Sequence[Declared]:
    """Returns the declarations of a value, its overloads together; none if there are none.

    files: paths and texts, the first of the package's entry. exported: the name that the expression
    begins with in the module, `default` or `*`, "" if unknown. keys: of the members behind it.
    owner: the class of the value that has the last member. name: the function's own name. script:
    the path of the function in the package; declarations of that file have precedence.
    """
    names = (*keys[-2:], name, exported, owner)
    index = Index(frozenset((*names, "constructor")))
    stem = _SCRIPT_END.sub(".d.", script) if script else "\0"
    ordered = [*files[:1], *sorted(files[1:], key=lambda file: stem not in file[0])]
    left = MOST_CHARACTERS
    for number, (_, text) in enumerate(ordered):
        if number > 0 and not any(one and one in text for one in names):
            continue
        if len(text) > left:
            continue
        left -= len(text)
        try:
            File(text, index, is_entry=number == 0).collect()
        except TooHard:
            continue
    whole = [*index.defaults, "default"]
    first = whole if exported in ("default", "*", "") else [_local(index, exported)]
    if not keys:
        own = [_local(index, name)] if name else []
        return _called(index, _top(index, [*first, *own] if exported else [*own, *first]))
    outer = [*keys[-2:-1], *([owner] if owner else []), *(first if len(keys) == 1 else ())]
    for word in _local(index, keys[-1]), _local(index, name):
        if found := _member(index, word, outer, owner):
            return _called(index, found)
    return ()


def _called(index: Index, places: Sequence[Place]) -> Sequence[Declared]:
    """Returns the declarations. That of a class has its constructors instead, if there are some,
    and that of a variable how its type can be called.
    """
    found = [place.read() for place in places]
    if len(found) != 1:
        return found
    one = found[0]
    made = [place for place in index.named["constructor"] if place.container == one.name]
    if one.kind == "class" and made:
        heads = (place.read().signature.partition("(")[2] for place in made[:MOST_DECLARATIONS])
        return [replace(one, signature=f"new {one.name}({head}") for head in heads]
    if one.kind not in ("variable", "property") or not one.of_type:
        return found
    of_type = one.container if one.of_type == "this" else one.of_type
    for name in _types(index, [of_type]):
        if calls := index.named.get(f"{name}()"):
            read = [call.read() for call in calls[:MOST_DECLARATIONS]]
            comments = [one.comment, *(call.comment for call in read)]
            comment = next(filter(None, comments), "")
            return [
                replace(call, signature=one.name + call.signature, comment=comment) for call in read
            ]
    return found


def _local(index: Index, name: str) -> str:
    return index.aliases.get(name, name)


def _top(index: Index, names: Sequence[str]) -> Sequence[Place]:
    """Returns the declarations outside of classes and interfaces."""
    for name in names:
        found = [one for one in index.named.get(name, ()) if one.kind not in ("method", "property")]
        values = [one for one in found if one.kind not in ("type", "namespace", "interface")]
        if found:
            return _together(values or found)
    return ()


def _member(index: Index, name: str, outer: Sequence[str], owner: str) -> Sequence[Place]:
    found = index.named.get(name, [])
    for container in _types(index, outer):
        if those := [one for one in found if one.container == container]:
            return _together(those)
    if top := [one for one in found if one.kind == "function"]:
        return _together(top)
    start = owner.lower()
    near = [one for one in found if len(start) > 2 and one.container.lower().startswith(start)]
    callable_ = [one for one in found if one.kind == "method"]
    return _together(near or callable_ or found)


def _types(index: Index, names: Sequence[str]) -> Iterator[str]:
    """Yields the names of types that may have a member: these, the types of variables, and the
    parents of each.
    """
    queue, seen = list(names), set(names)
    for name in queue:
        yield name
        local = _local(index, name)
        types = [one.type_name() for one in index.named.get(local, ()) if one.kind != "method"]
        for further in [local, *types, *index.parents.get(name, ())]:
            if further and further not in seen:
                seen.add(further)
                queue.append(further)


def _together(found: Sequence[Place]) -> Sequence[Place]:
    """Returns the declarations that belong to the first one."""
    first = next(iter(found), None)
    if first is None:
        return ()
    those = [
        one
        for one in found
        if one.container == first.container
        and (one.source is first.source or one.kind == "method" == first.kind)
    ]
    return those[:MOST_DECLARATIONS]

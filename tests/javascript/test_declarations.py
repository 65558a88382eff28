"""The declarations of a name in .d.ts files."""

from __future__ import annotations

from noderepl.javascript.declarations import MOST_CHARACTERS, MOST_DECLARATIONS, declared

SHAPES = """
/** The file. */
export * from "./more";
declare const thing: ns.Thing;
export default thing;
/** Adds. */
export declare function add(a: number, b?: number): number;
export declare function add(a: string): string;
declare const local: (x: number) => void;
export { local as exported };
export declare namespace ns {
    interface Base<T> { /** Deep. */ deep(value: T): this; }
    interface Thing extends Base<string> {
        (text: string): string;
        // no JSDoc
        plain(
            a: number, // the first
            options?: { path: "http://x" },
        ): void;
        readonly same: this;
        "odd-key": number;
    }
}
"""
MORE = """
declare module "./entry" { interface Other { plain(): never; } }
/** A class. */
export declare abstract class Store<K> extends ns.Base<K> {
    constructor(name: string);
    static open(name: string): Store<any>;
    protected abstract save(): Promise<void>;
}
"""
FILES = [("entry.d.ts", SHAPES), ("more.d.ts", MORE)]


def signatures(exported: str, keys: list[str], owner: str = "", name: str = "") -> list[str]:
    """The signatures that are found."""
    return [one.signature for one in declared(FILES, exported, keys, owner=owner, name=name)]


def test_overloads_and_comments() -> None:
    """All overloads of a function, and the JSDoc of the first."""
    found = declared(FILES, "add", [], name="add")
    assert [one.signature for one in found] == [
        "function add(a: number, b?: number): number",
        "function add(a: string): string",
    ]
    assert found[0].comment == "/** Adds. */"


def test_members_of_types() -> None:
    """Those of a variable's type, also inherited, without the comments inside of them."""
    assert signatures("default", ["plain"]) == [
        'plain(a: number, options?: { path: "http://x" }): void'
    ]
    deep = declared(FILES, "default", ["deep"])
    assert [one.comment for one in deep] == ["/** Deep. */"]
    assert signatures("default", ["odd-key"]) == ['"odd-key": number']


def test_callable_types() -> None:
    """A variable or property whose type can be called shows how."""
    assert signatures("default", []) == ["thing(text: string): string"]
    assert signatures("default", ["same"]) == ["same(text: string): string"]


def test_names() -> None:
    """Exported names of other names, the function's own name, and classes of the owner."""
    assert signatures("exported", []) == ["const local: (x: number) => void"]
    assert signatures("", [], name="add")[0].startswith("function add(")
    assert signatures("", ["save"], owner="Store") == ["protected abstract save(): Promise<void>"]
    assert signatures("", ["deep"], owner="Store") == ["deep(value: T): this"]
    assert signatures("", [], name="Store") == ["new Store(name: string)"]
    assert signatures("", [], name="Base") == ["interface Base<T>"]


def test_the_file_of_the_function_has_precedence() -> None:
    """Several files of a package may have the same name."""
    files = [
        ("entry.d.ts", ""),
        *((f"{one}.d.ts", f"declare function f(a: {one}): void") for one in "abc"),
    ]
    found = declared(files, "f", [], name="f", script="b.js")
    assert [one.signature for one in found] == ["function f(a: b): void"]


def test_nothing_is_found() -> None:
    """For other names, and in texts that are no declarations."""
    assert signatures("nowhere", ["x"]) == []
    assert list(declared([("a", "][ {{{ '"), ("b", "\ud800 x")], "", ["x"])) == []
    assert list(declared([], "default", [])) == []


def test_bounds() -> None:
    """Many overloads are cut, and deep namespaces are left out."""
    many = "export declare function f(): void;\n" * 100
    assert len(declared([("a", many)], "f", [], name="f")) == MOST_DECLARATIONS
    deep = "declare namespace a {" * 5000 + "}" * 5000
    assert list(declared([("a", deep)], "", ["x"])) == []
    large = "export declare function g(): void;\n" + " " * MOST_CHARACTERS
    assert list(declared([("a", large)], "g", [])) == []
    assert len(declared([("a", large), ("b", "export declare function g(): void;")], "g", [])) == 1
    small = "export declare function g(): void;\n" + " " * (MOST_CHARACTERS // 2)
    assert len(declared([("a", ""), ("b", small), ("c", small + small)], "g", [])) == 1

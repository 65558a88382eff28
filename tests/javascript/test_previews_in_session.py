"""What the prelude previews of an expression, and that nothing of a snippet runs for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher
from noderepl.execution.queries import Queries
from noderepl.javascript.preview_tree import expression

Open = Callable[..., Awaitable[Dispatcher]]
MAKES = """
globalThis.hits = []; const hit = (name) => { hits.push(name); return 'hit' };
const pure = () => hit('pure'), users = [{ name: 'x', age: 3, tags: ['a', 'b'] }, { name: 'y', age: 5, tags: [] }];
const traps = new Proxy({}, { get: (_, key) => hit('trap ' + key), has: () => hit('has'), ownKeys: () => { hit('keys'); return [] },
    getOwnPropertyDescriptor: () => { hit('descriptor') }, getPrototypeOf: () => { hit('prototype'); return null } });
const called = new Proxy(function () {}, { apply: () => hit('apply'), construct: () => hit('construct'), get: () => hit('get') });
class Point { constructor() { this.x = 1 } get y() { return hit('y') } get [Symbol.toStringTag]() { return hit('tag') }
    static get name() { return hit('name') } static [Symbol.hasInstance]() { return hit('instance') }
    toString() { return hit('string') } valueOf() { return hit('value') } toJSON() { return hit('json') }
    [Symbol.toPrimitive]() { return hit('primitive') } [Symbol.iterator]() { hit('iterator'); return [][Symbol.iterator]() } }
const point = new Point(), behind = Object.create(traps), hidden = { get secret() { return hit('secret') } };
class Sub extends Array { constructor(...given) { super(...given); hit('sub') } static get [Symbol.species]() { hit('species'); return Array } }
const sub = new Sub(1, 2); hits.length = 0;
const odd = { [Symbol.for('nodejs.util.inspect.custom')]() { return hit('inspect') } }, nested = [{ inner: traps }, hidden, point];
const accessors = Object.defineProperty([1, 2], 0, { get: () => hit('item') }), failed = new TypeError('no');
const bound = { get b() { return 1 } }; Object.defineProperty(bound, 'c', { get: hit.bind(null, 'bound') });
const joins = [{ toString: () => hit('joins') }], keyed = { toString: () => hit('key') }, spread = { ...[1], get z() { return hit('z') } };
const dated = Object.assign(new Date(0), { toISOString: () => hit('iso') }), map = new Map([['a', { b: 1 }]]);
const species = [1, 2]; species.constructor = { get [Symbol.species]() { hit('species'); return Array } };
const text = 'äöü', big = 2n ** 70n, symbol = Symbol('s'), none = null; let unset; var shared = { a: { b: { c: { d: 1 } } } };
Object.defineProperty(globalThis, 'lazy', { get: () => hit('lazy'), configurable: true });
const circular = { name: 'c' }; circular.self = circular; class Kind { #p = 1; q = 2 }; const kind = new Kind(); 7
"""


async def preview(queries: Queries, text: str) -> str:
    found = expression(text)
    return "" if found is None else await queries.preview(found)


VALUES = {
    "users[0].name": "'x'",
    "users.at(-1)?.age": "5",
    "users?.[5]?.name": "undefined",
    "users": "[ { name: 'x', age: 3, tags: [ 'a', 'b' ] }, { name: 'y', age: 5, tags: [] } ]",
    "users.length * 2 + 1": "5",
    "users.map(({ name, age = 1 }) => `${name}${age}`)": "[ 'x3', 'y5' ]",
    "users.filter(u => u.age > 3).length": "1",
    "users.reduce((sum, u) => sum + u.age, 0)": "8",
    "users.flatMap(u => u.tags).join('-')": "'a-b'",
    "users.some(u => u.name === 'x') ? 'yes' : 'no'": "'yes'",
    "users[0] === users[0] && users[0] !== users[1]": "true",
    "{ ...users[0], age: 4 }": "{ name: 'x', age: 4, tags: [ 'a', 'b' ] }",
    "[...users, 1].length": "3",
    "_": "7",
    "_ + 1": "8",
    "'a'.toUpperCase()": "'A'",
    "text.length": "3",
    "text[0]": "'ä'",
    "'a,b'.split(',')": "[ 'a', 'b' ]",
    "'2024-01-02'.replace(/-/g, '/')": "'2024/01/02'",
    "'abc'.replace(/b/, found => found.toUpperCase())": "'aBc'",
    "/b+/.test('abb')": "true",
    "/(?<x>b)/.exec('ab').groups.x": "'b'",
    "Math.max(1, 2)": "2",
    "Math.max(...[1, 5, 2])": "5",
    "Math.PI.toFixed(2)": "'3.14'",
    "[3, 1, 2].sort((a, b) => a - b)": "[ 1, 2, 3 ]",
    "['1', '2'].map(Number)": "[ 1, 2 ]",
    "[1, 2, 3].includes(2)": "true",
    "[[1], [2, [3]]].flat()": "[ 1, 2, [ 3 ] ]",
    "Array.from({ length: 3 }, (_, index) => index ** 2)": "[ 0, 1, 4 ]",
    "Array(3).fill(0)": "[ 0, 0, 0 ]",
    "[...new Set([1, 1, 2])]": "[ 1, 2 ]",
    "[...'ab']": "[ 'a', 'b' ]",
    "new Map([['a', 1]])": "Map(1) { 'a' => 1 }",
    "new Date(0)": "1970-01-01T00:00:00.000Z",
    "new Date(0).getFullYear()": "1970",
    "Object.keys(users[0])": "[ 'name', 'age', 'tags' ]",
    "Object.entries({ a: 1 }).map(([key, value]) => key + value)": "[ 'a1' ]",
    "JSON.stringify(users[1])": '\'{"name":"y","age":5,"tags":[]}\'',
    "JSON.parse('{\"a\":[1]}').a": "[ 1 ]",
    "Number('12') + parseInt('3x')": "15",
    "path.join('a', '..', 'b')": "'b'",
    "encodeURIComponent('ä')": "'%C3%A4'",
    "map.get('a').b": "1",
    "map.size": "1",
    "map": "Map(1) { 'a' => { b: 1 } }",
    "typeof nowhere": "'undefined'",
    "typeof users": "'object'",
    "users instanceof Array": "true",
    "kind instanceof Kind": "true",
    "'name' in users[0]": "true",
    "kind": "Kind { q: 2 }",
    "point.x": "1",
    "hidden": "{ secret: [Getter] }",
    "failed": "[TypeError: no]",
    "failed.message": "'no'",
    "none": "null",
    "none ?? 'other'": "'other'",
    "unset": "undefined",
    "void 0": "undefined",
    "!users": "false",
    "-0": "-0",
    "~5": "-6",
    "1 / 0": "Infinity",
    "big": "1180591620717411303424n",
    "big + 1n": "1180591620717411303425n",
    "symbol": "Symbol(s)",
    "symbol.description": "'s'",
    "Kind": "[class Kind]",
    "pure": "[Function: pure]",
    "shared": "{ a: { b: { c: [Object] } } }",
    "circular": "{ name: 'c', self: [Circular] }",
    "`it's ${1 + 1}`": '"it\'s 2"',
    "'a\\nb' + ''": "'a\\nb'",
    "process.version.length > 3": "true",
    "((a, b = 2) => a + b)(1)": "3",
    "[1, 2].map(a => [1, 2].map(b => a * b))": "[ [ 1, 2 ], [ 2, 4 ] ]",
    "[x => x]": "[ [Function (anonymous)] ]",
    "new Set([1, 'a'])": "Set(2) { 1, 'a' }",
    "/a/gi": "",
    "RegExp('a', 'gi')": "",
    "new RegExp('a', 'gi')": "/a/gi",
    "punycode": "",
}


async def test_values(dispatch: Open) -> None:
    """They are shown on one line, as the value of the snippet is."""
    dispatcher = await dispatch(at_prompt=True)
    assert await shown(dispatcher, MAKES) == "7"
    found = {text: await preview(dispatcher.executor.queries, text) for text in VALUES}
    assert found == VALUES


# What runs code of a snippet, has an effect, fails, or may take much time or memory.
REFUSED = """
pure() | hit('x') | users.map(pure) | users.map(hit) | [1].map(pure) | [pure].map(f => f()) | [1, 2].reduce(pure) | Array.from('ab', pure)
traps | traps.a | called | called() | new called() | behind.a | 'a' in traps | 'a' in behind | traps instanceof Object
users.concat(traps) | Object.keys(traps) | Array.isArray(traps) | `${traps}` | {...traps} | [...traps] | [nested[0].inner]
nested[0].inner | nested.map(n => n.inner) | [1].map(() => traps) | users[traps] | map.get(traps)
point.y | point + 1 | `${point}` | point == 1 | point < 1 | -point | users[point] | [point].join() | [point].toString() | String(point)
Number(point) | JSON.stringify(point) | JSON.stringify([point]) | 1 instanceof Point | point instanceof Point | [...point] | {...point}
new Map(point) | new Date(point) | Math.max(point) | 'a'.concat(point) | 'a'.repeat(point) | parseInt(point) | [1].at(point)
[2, 1].sort(() => point) | 'a'.replace('a', () => point) | 'a'.replace(point, '') | 'a'.split(point) | [3, 1].sort(pure)
hidden.secret | spread.z | {...hidden} | Object.values(hidden) | Object.entries(hidden) | JSON.stringify(hidden) | bound.b | bound.c | lazy
accessors.map(x => x) | [...accessors] | accessors[0] | accessors.slice() | JSON.stringify(accessors)
punycode.version | (5).toLocaleString('en', 'x') | 'a'.localeCompare('b', 'en', {}) | joins.join() | `${joins}` | joins + '' | keyed in users | users[keyed] | {[keyed]: 1} | Object.hasOwn(users, keyed)
sub.map(x => x) | sub.slice() | Sub.from([1]) | Sub.of(1) | species.map(x => x) | dated.toISOString() | JSON.stringify(dated)
failed.stack | new Error('x').stack | failed.toString() | Kind.prototype.q.r | new Kind() | new Point | new Sub(3)
nowhere | nowhere.x | null.x | undefined.x.y | users.nothing() | 1n + 1 | symbol + '' | BigInt(0.5) | 'a'.repeat(-1) | new Map(1)
users.push(1) | users.sort() | users.reverse() | users.fill(0) | users.splice(0) | map.set('b', 1) | map.delete('a') | map.clear()
console.log(1) | fs.readFileSync('/etc/passwd') | fs.writeFileSync('previewed', '') | require('fs') | eval('1') | Function('return 1')()
process.exit() | process.cwd() | setTimeout(pure) | fetch('http://localhost') | structuredClone(users) | Reflect.ownKeys(users) | Math.random()
Object.assign({}, users) | Object.defineProperty(users, 'a', {}) | Object.freeze(users) | Object.setPrototypeOf(users, null) | new Proxy({}, {})
Promise.resolve(1).then(pure) | queueMicrotask(pure) | globalThis.eval('1') | users.constructor.constructor('return 1')() | (x => x)
''.constructor.constructor('hits.push(1)')() | [].map.call([1], pure) | pure.call() | pure.bind() | [].forEach(pure) | Reflect.apply(pure)
'x'.repeat(1e9) | 'x'.padStart(1e9) | Array(1e9).fill(0) | Array(1e9) | new Array(1e9) | Array.from({length: 1e9}) | [...Array(1e6)]
Array(1e9).join('x') | 'x'.repeat(9999).repeat(9999) | 10n ** 100000000n | 1n << 100000000n | 9n ** 9n ** 9n | (2n ** 900n) ** 900n
Array(1000).fill('x'.repeat(9999)).join('') + 1
Array(1000).fill(0).map(() => Array(1000).fill(0).map(() => 'x'.repeat(1000)))
/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab') | (f => f(f))(f => f(f)) | (f => [1].map(() => f(f)))(f => f(f) + f(f))
'x'.repeat(9999).replaceAll('', 'y'.repeat(9999)) | 'x'.repeat(900).replace(/x/g, "$'") | 'x'.repeat(9999).replace(/x/g, () => 'y'.repeat(9999))
{ __proto__: users } | { ['__proto__']: users } | users.__proto__ | users.__defineGetter__('a', pure)
"""


@pytest.mark.parametrize("dispatch", ["embedded"], indirect=True)
async def test_long_values_take_no_time(dispatch: Open) -> None:
    """Nothing lists the indices of a long value, which nothing could stop: the session goes on."""
    dispatcher = await dispatch(at_prompt=True)
    makes = "const list = new Array(1e7).fill(0), bytes = new Uint8Array(5e7), text = 'x'.repeat(5e7), boxed = Object(text), dense = {}; for (let i = 0; i < 2e6; i++) dense[i] = i; const liar = Object.assign(dense, { length: 3 }); 1"
    assert await shown(dispatcher, makes) == "1"
    queries = dispatcher.executor.queries
    for name in ("list", "bytes", "text", "boxed", "dense"):
        for code in (name, f"Object.keys({name})", f"Object.getOwnPropertyNames({name})"):
            await preview(queries, f"{code}.length")
            await queries.members(code)
            await queries.members(code, is_own=True)
        for code in (
            f"{{ ...{name} }}",
            f"[...{name}]",
            f"Object.entries({name})",
            f"[{name}]",
        ):
            await preview(queries, code)
    rows = await queries.variables()
    assert rows is not None and {row.name: row.size for row in rows} == {
        "list": 10_000_000, "bytes": 50_000_000, "text": 50_000_000, "boxed": 50_000_000, "dense": None, "liar": None,
    }  # fmt: skip
    assert "shown in short" in await shown(dispatcher, "%who -d dense")
    await shown(
        dispatcher, "const sparse = {}; for (let i = 0; i < 1e6; i++) sparse[1e6 + 7 * i] = i; 1"
    )
    for code in ("sparse", "Object.keys(sparse)"):
        await preview(queries, code)
        await queries.members(code)
    assert await queries.variables() is not None
    assert await shown(dispatcher, "boxed.length + list.length") == "60000000"


MANY_NAMES = """
const list = new Array(1500), bytes = new Uint8Array(1500), big = {}, hidden = {}, kid = Object.create(big, { own: { value: 1 } });
for (let index = 0; index < 3.1e5; index++) list[`k${index}`] = bytes[`k${index}`] = big[`k${index}`] = 1;
for (let index = 0; index < 8e5; index++) Object.defineProperty(hidden, `k${index}`, { value: 1, configurable: true });
0
"""


@pytest.mark.parametrize("dispatch", ["embedded"], indirect=True)
async def test_values_with_very_many_names(dispatch: Open) -> None:
    """Their own names are not listed, of whatever kind they are; those of a prototype do not count, nor those that were."""
    dispatcher = await dispatch(at_prompt=True)
    assert await shown(dispatcher, MANY_NAMES) == "0"
    queries = dispatcher.executor.queries
    for name in ("list", "bytes", "big", "hidden"):
        assert not await queries.members(name, is_own=True), name
        assert "Keys" not in await shown(dispatcher, f"{name}?")
    assert list(await queries.members("kid", is_own=True)) == [("own", "number")]
    text = await shown(dispatcher, "%who big")
    assert text.endswith("{ ... }\nThe value is shown in short: it has very many parts.")
    assert "size     0\n" in await shown(dispatcher, "%who kid")
    await shown(dispatcher, "for (const key of Object.keys(big)) delete big[key]; big.a = 1; 0")
    assert list(await queries.members("big", is_own=True)) == [("a", "number")]
    assert (await shown(dispatcher, "%who big")).endswith("{ a: 1 }")


@pytest.mark.parametrize("dispatch", ["embedded"], indirect=True)
async def test_what_is_not_previewed(dispatch: Open) -> None:
    """Nothing of a snippet runs, the session goes on as it was, and no preview takes long."""
    dispatcher = await dispatch(at_prompt=True)
    assert await shown(dispatcher, MAKES) == "7"
    before = list(dispatcher.state.journal.done)
    texts = [text.strip() for line in REFUSED.strip().splitlines() for text in line.split(" | ")]
    found = {text: await preview(dispatcher.executor.queries, text) for text in texts}
    assert {text: value for text, value in found.items() if value} == {}
    for text in (
        "nested",
        "odd",
        "point",
        "called",
        "sub",
        "accessors",
        "joins",
        "dated",
        "species",
    ):
        await preview(dispatcher.executor.queries, text)
    assert list(dispatcher.state.journal.done) == before
    assert await shown(
        dispatcher, "[hits, fs.existsSync('previewed'), users.length, map.size, _]"
    ) == ("[ [], false, 2, 1, 7 ]")


# Properties of built-ins, with what a snippet puts there.
REPLACED = """
Array.prototype, 'map', { value: () => hit('map') }
Array.prototype, 'constructor', { value: { get [Symbol.species]() { hit('species'); return Array } } }
Array.prototype, 'toString', { value: () => hit('array') }
RegExp.prototype, 'exec', { value: () => { hit('exec'); return null } }
RegExp.prototype, Symbol.replace, { value: () => hit('replace') }
String.prototype, 'toUpperCase', { value: () => hit('upper') }
String.prototype, 'length', { get: () => hit('text') }
Object.prototype, 'age', { get: () => hit('age') }
Map.prototype, 'set', { value: () => hit('map') }
Set.prototype, 'add', { value: () => hit('set') }
Date.prototype, Symbol.toPrimitive, { value: () => hit('primitive') }
Math, 'max', { value: () => hit('max') }
JSON, 'stringify', { value: () => hit('stringify') }
Object, 'keys', { value: () => hit('keys') }
path, 'normalize', { value: () => hit('normalize') }
Error, 'prepareStackTrace', { value: () => hit('stack') }
Function.prototype, Symbol.hasInstance, { value: () => hit('instance') }
Number.prototype, 'valueOf', { value: () => hit('number') }
globalThis, 'Array', { value: class extends Array { constructor(...given) { super(...given); hit('list') } } }
globalThis, 'undefined_', { get: () => hit('global') }
"""
MEETS = (
    "list.map(x => x * 2)|[...list]|/1/.test('1')|'a'.toUpperCase()|JSON.stringify(list)|list.slice()|new Map([list])|list"
    "|new Date(0) - 1|Math.max(1, 2)|Object.keys({ a: 1 })|[].concat(list)|new Set(list)|null.x|`${new Date(0)}`|[list].join()"
    "|[[1]].flat()|'a'.replace(/a/, 'b')|Array.from({ length: 2 })|new Date(0)|list instanceof Object|nowhere|'a'.age"
    "|path.join('a', 'b')|undefined_|Array(3)|5 .toFixed(1)|[3].at(0)|{}.age|list.age|(([a]) => a)([1])"
)


@pytest.mark.parametrize("dispatch", ["embedded"], indirect=True)
async def test_replaced_built_ins(dispatch: Open) -> None:
    """What a snippet puts in the place of a built-in is not called."""
    dispatcher = await dispatch(at_prompt=True)
    makes = (
        "globalThis.hits = []; var hit = (name) => { hits[hits.length] = name; return 'hit' }, list = [1, 2], undo;"
        " var put = (on, key, now) => { const was = Reflect.getOwnPropertyDescriptor(on, key);"
        " undo = () => was ? Reflect.defineProperty(on, key, was) : delete on[key];"
        " Reflect.defineProperty(on, key, { configurable: true, ...now }); hits.length = 0 }; 0"
    )
    assert await shown(dispatcher, makes) == "0"
    for replaced in REPLACED.strip().splitlines():
        await shown(dispatcher, f"put({replaced})")
        await shown(dispatcher, "hits.length = 0; 0")
        for text in MEETS.split("|"):
            await preview(dispatcher.executor.queries, text)
        seen = await shown(dispatcher, "var seen = `${hits.length}`; undo(); seen + ':' + hits")
        assert seen == "'0:'", replaced

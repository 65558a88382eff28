"""What is found in a snippet before a session runs it."""

import json
import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noderepl.javascript.analyze import Analysis, analyze
from noderepl.javascript.modules import DEFAULT_NOTE, EXPORT_NOTE
from noderepl.service.node import find_node

# Typed, and what it is once the edits are made and every `import` or `const` keyword is `let`.
IMPORTS = [
    ("import x from 'm'", "let {default: x} = await G.load('m', ['default']);"),
    ("import x from 'm';", "let {default: x} = await G.load('m', ['default']);"),
    ("import x from 'm'\n;", "let {default: x} = await G.load('m', ['default'])\n;"),
    ("import {y} from \"m\";", "let {y} = await G.load(\"m\", ['y']);"),
    ("import {y as z} from 'm';", "let {y: z} = await G.load('m', ['y']);"),
    ("import {\"a-b\" as c} from 'm';", "let {\"a-b\": c} = await G.load('m', [\"a-b\"]);"),
    ("import {'import' as i} from 'm';", "let {'import': i} = await G.load('m', ['import']);"),
    ("import {default as d, a as b,} from \"it's\"", "let {default: d, a: b} = await G.load(\"it's\", ['default', 'a']);"),
    ("import x, {y as z, \"a-b\" as c} from 'm' with {type: 'json'};",
     "let {default: x, y: z, \"a-b\": c} = await G.load('m', ['default', 'y', \"a-b\"], {type: 'json'});"),
    ("import x from 'm' with {\n  type: 'json',\n}\ny", "let {default: x} = await G.load('m', ['default'], {\n  type: 'json',\n});\ny"),
    ("import x from './a.json' assert {type: 'json'}", "let {default: x} = await G.load('./a.json', ['default'], {type: 'json'});"),
    ("import 'm' with {type: 'css'}", "void await G.load('m', [], {type: 'css'});"),
    ("import * as ns from 'm'", "let ns = await G.load('m', []);"),
    ("import x, * as ns from 'm';", "let ns = await G.load('m', []), {default: x} = await G.load('m', ['default']);"),
    ("import 'm'", "void await G.load('m', []);"),
    ("import 'm';", "void await G.load('m', []);"),
    ("import {} from 'm'", "void await G.load('m', []);"),
    ("import x, {} from 'm'", "let {default: x} = await G.load('m', ['default']);"),
    ("import type, {type as of} from 'm'", "let {default: type, type: of} = await G.load('m', ['default', 'type']);"),
    ("import {a} from 'm' /* c */ ;", "let {a} = await G.load('m', ['a']) /* c */ ;"),
    ("import/*1*/x/*2*/from/*3*/'m'/*4*/", "let {default: x} = await G.load('m', ['default']);/*4*/"),
    ("import x from 'm' // c", "let {default: x} = await G.load('m', ['default']); // c"),
    ("import {\n  a,\n  b as c, // d\n} from 'm'\nf()", "let {a, b: c} = await G.load('m', ['a', 'b']\n\n\n);\nf()"),
    ("import {\r\n  a\r\n} from 'm'\r\nf()", "let {a} = await G.load('m', ['a']\n\n);\r\nf()"),
    ("import\n'm'", "void await G.load('m', []\n);"),
    ("\timport\tx\tfrom\t'm'\t", "\tlet {default: x} = await G.load('m', ['default']);\t"),
    ("import a from 'm'; import b from 'n'", "let {default: a} = await G.load('m', ['default']); let {default: b} = await G.load('n', ['default']);"),
    ("f()\nimport a from 'm'\ng()", "f()\nlet {default: a} = await G.load('m', ['default']);\ng()"),
    ("import x from 'm'\n\n(async () => {})()", "let {default: x} = await G.load('m', ['default']);\n\n(async () => {})()"),
    ("import 'm'\n[1].map(f)", "void await G.load('m', []);\n[1].map(f)"),
    ("import string, {name, string as from} from 'm'\n`b`",
     "let {default: string, name, string: from} = await G.load('m', ['default', 'name', 'string']);\n`b`"),
    ("import x from 'm'\n`b`", "let {default: x} = await G.load('m', ['default']);\n`b`"),
    ("import x from 'm'\n/b/.test(x)", "let {default: x} = await G.load('m', ['default']);\n/b/.test(x)"),
    ("import x from 'm' // c\n+b", "let {default: x} = await G.load('m', ['default']); // c\n+b"),
    ("import {a} from 'm'\n// c\n[a]", "let {a} = await G.load('m', ['a']);\n// c\n[a]"),
    ("'use strict'\nimport a from 'm'", "'use strict'\nlet {default: a} = await G.load('m', ['default']);"),
    ("\"😀é\"; import x from '日本'", "\"😀é\"; let {default: x} = await G.load('日本', ['default']);"),
    ("'\ud83d'; import x from '\udead'", "'\ud83d'; let {default: x} = await G.load('\udead', ['default']);"),
    ("#!/usr/bin/env node\nimport x from 'm'", "#!/usr/bin/env node\nlet {default: x} = await G.load('m', ['default']);"),
    ("\ufeffimport x from 'm'", "let {default: x} = await G.load('m', ['default']);"),
    ("import('m')", "G.import('m')"),
    ("import(/* c */ 'm', {},)", "G.import(/* c */ 'm', {},)"),
    ("import('m').then(f).x = 1", "G.import('m').then(f).x = 1"),
    ("new (import('m').x)()", "new (G.import('m').x)()"),
    ("import.meta.x = 1", "G.meta.x = 1"),
    ("await import('m', {with: {type: 'json'}})", "await G.import('m', {with: {type: 'json'}})"),
    ("const {a} = await import('m'), b = (await import(`n`)).default", "let {a} = await G.import('m'), b = (await G.import(`n`)).default"),
    ("function f() { return import('m') }", "function f() { return G.import('m') }"),
    ("x = async () => await import('m')", "x = async () => await G.import('m')"),
    ("class A { static x = import('m'); #y() { import('n') } }", "class A { static x = G.import('m'); #y() { G.import('n') } }"),
    ("`a ${await import('m')} import('n')`", "`a ${await G.import('m')} import('n')`"),
    ("import /* c */ ('m')", "G.import /* c */ ('m')"),
    ("import(import.meta.url)", "G.import(G.meta.url)"),
    ("if (a) { import('m') }", "if (a) { G.import('m') }"),
    ("import.meta", "G.meta"),
    ("import\n.meta\n.url", "G.meta\n\n.url"),
    ("new import.meta.X(`${import.meta.dirname}`)", "new G.meta.X(`${G.meta.dirname}`)"),
    ("x = '😀'; import.meta.url + import('😀')", "x = '😀'; G.meta.url + G.import('😀')"),
]  # fmt: skip
EXPORTS = [
    ("export const a = 1", "       let a = 1", EXPORT_NOTE),
    ("export let a = 1, {b, c: [d]} = e;", "       let a = 1, {b, c: [d]} = e;", EXPORT_NOTE),
    ("export function f() {}", "       function f() {}", EXPORT_NOTE),
    ("export async function* f() {}", "       async function* f() {}", EXPORT_NOTE),
    ("export class A {}\n(a)", "       class A {}\n(a)", EXPORT_NOTE),
    ("export /* c */ var a", "       /* c */ var a", EXPORT_NOTE),
    ("export {a}", "", EXPORT_NOTE),
    ("export {a, b as default};", "", EXPORT_NOTE),
    ("export {a as 'b-c'} from 'm'", "", EXPORT_NOTE),
    ("export * from 'm'", "", EXPORT_NOTE),
    ("export * as ns from 'm'", "", EXPORT_NOTE),
    ("f\nexport {\n  a\n}\n(b)", "f\n;\n\n\n(b)", EXPORT_NOTE),
    ("f\r\nexport {a} from 'm';\r\n[b]", "f\r\n;\r\n[b]", EXPORT_NOTE),
    ("export {a}\nexport {b}", "\n;", EXPORT_NOTE),
    ("export default 1", "           ;0, 1", DEFAULT_NOTE),
    ("export default {a: 1}", "           ;0, {a: 1}", DEFAULT_NOTE),
    ("export default x => ({x})", "           ;0, x => ({x})", DEFAULT_NOTE),
    ("export default async () => await import('m')", "           ;0, async () => await G.import('m')", DEFAULT_NOTE),
    ("export default function () {}", "           ;0, function () {};", DEFAULT_NOTE),
    ("export default async function* () {};", "           ;0, async function* () {};", DEFAULT_NOTE),
    ("export default function () {}\n(f)()", "           ;0, function () {};\n(f)()", DEFAULT_NOTE),
    ("export default class {}\n(f)", "           ;0, class {};\n(f)", DEFAULT_NOTE),
    ("export default (class {})\n(f)", "           ;0, (class {})\n(f)", DEFAULT_NOTE),
    ("export default class extends A {}", "           ;0, class extends A {};", DEFAULT_NOTE),
    ("export default `a`", "           ;0, `a`", DEFAULT_NOTE),
    ("export default\n  [1]", "           ;0,\n  [1]", DEFAULT_NOTE),
    ("export/*1*/default/*2*/x", "      /*1*/    ;0,/*2*/x", DEFAULT_NOTE),
    ("export default // c\nx", "           ;0, // c\nx", DEFAULT_NOTE),
    ("f\nexport default (a)", "f\n           ;0, (a)", DEFAULT_NOTE),
    ("export default function f() {}", "               function f() {};f", DEFAULT_NOTE),
    ("export default async function f() {}\n", "               async function f() {}\n;f", DEFAULT_NOTE),
    ("export default class A {}; // c", "               class A {}; // c\n;A", DEFAULT_NOTE),
    ("export default class A {} /* c */", "               class A {} /* c */;A", DEFAULT_NOTE),
    ("export default class A {}\n(f)", "               class A {}\n(f)", DEFAULT_NOTE),
    ("export default function f() {}\nf()", "               function f() {}\nf()", DEFAULT_NOTE),
    ("export default a; export const b = 1; export {c}", "           ;0, a;        let b = 1; ;", DEFAULT_NOTE + EXPORT_NOTE),
    ("/*😀*/ export const a = 1", "/*😀*/        let a = 1", EXPORT_NOTE),
]  # fmt: skip
OBJECTS = [
    ("{}", "({})"),
    ("{a: 1}", "({a: 1})"),
    ("{ a: 1, b: 2 }", "({ a: 1, b: 2 })"),
    ("{a, b}", "({a, b})"),
    ("{ ...x }", "({ ...x })"),
    ("{ f() {} }", "({ f() {} })"),
    ("{ async f() { await x }, get y() { return 1 } }", "({ async f() { await x }, get y() { return 1 } })"),
    ("{ get if() { return 1 } }", "({ get if() { return 1 } })"),
    ("  {a: 1}\n", "  ({a: 1})\n"),
    ("{\r\n  a: 1,\r\n}\r\n", "({\r\n  a: 1,\r\n})\r\n"),
    ("/* 😀 */ // c\n{'é': 1}", "/* 😀 */ // c\n({'é': 1})"),
    ("\ufeff{a: 1}", "({a: 1})"), ("\ufeff\n\ufeff{a: 1}", "\n\ufeff({a: 1})"),
    ("{a: 1} // c", "({a: 1} // c\n)"),
    ("{a: 1} /* c */", "({a: 1} /* c */)"),
    ("{a: 1}.a", "({a: 1}.a)"),
    ("{} + 1", "({} + 1)"),
    ("{a} = b", "({a} = b)"),
    ("{a: 1}, {b: 2}", "({a: 1}, {b: 2})"),
    ("{'😀': import('m'), u: import.meta}", "({'😀': G.import('m'), u: G.meta})"),
    ("{import: import('import(1)')}", "({import: G.import('import(1)')})"),
]  # fmt: skip
UNCHANGED = [
    "", " ", "\n", "// import x from 'm'", "/* export {a} */", "<!-- import('m')", "1 + 1", "'use strict'", "\"import('m')\"",
    "'import.meta'", "`import('m')`", "/import('m')/.test(x)", "x.import('m')", "x?.import", "({import: 1, export: 2})",
    "class A { import() {} #import = 1; export; static meta }", "new.target", "importx('m')", "$import.meta",
    "{ let x = 1; x }", "{ a(); }", "{a: 1};", "{ a\nb }", "{ if (a) {} }", "{ for (a) {} }", "{ debugger }", "{ this }", "{ return }",
    "{a}) + ({b}", "{a}), (b", "a: 1", "{}\n{}", "{ a: for (;;) break a }", "[{a: 1}]", "({a: 1})",
    "new import('m')", "new import('m').x", "new import('m')[x]()", "import()", "import(/* c */)", "import(...a)", "import('m', ...a)",
    "import('m', {}, 1)", "import('m')++", "--import('m')", "(import('m')) = 1", "import.meta++", "((import.meta)) = 1",
    "let let = 1", "export",
    "{ import x from 'm' }", "{ export const x = 1 }", "f(", "const a = ;\nimport('m')", "import('m') import.meta @", "x = 'a\nimport(\"m\")",
    "export\nclass A {}", "#!/usr/bin/env node", "#!/usr/bin/env node\n{a: 1}", "\ud83d", "'\udead'", "\0",
]  # fmt: skip
# What is valid, but an error to both grammars: sent as typed, with nothing found in it.
MISREAD = [
    "for (async of => 1; ;) break", "var yield = 1; yield = 2", "let a = tag`\\u`", "await using",
]  # fmt: skip
# What is an error in a module too, and what becomes of it for the engine to report that.
BROKEN = [
    ("import", "do{}"), ("import x from", "do{}"), ("import {a b} from 'm'", "do{}b} from 'm'"), ("import {\na,\nb c}", "do{}\n\nc}"),
    ("import defer * as x from 'm'", "do{}* as x from 'm'"), ("import 'm' 'n'", "do{}'n'"), ("import x = 1", "do{}= 1"),
    ("import {a as} from 'm'", "do{}} from 'm'"), ("import 'm' with {a b}", "do{}b}"),
    ("export 1", "do{}1"), ("export {a b}", "do{}b}"), ("export * as a", "do{}"), ("export const a = ;", " const a = ;"),
    ("export default let x y", ";0, let x y"), ("'é😀'; import {a b} from 'm'", "'é😀'; do{}b} from 'm'"),
    ("import a, {b} from 'm'\nimport c, d\nimport e f", "let {default: a, b} = await G.load('m', ['default', 'b']);\ndo{}d\nimport e f"),
    ("f(import.meta.url) g", "f(G.meta.url) g"), ("{ import.meta g }", "{ G.meta g }"), ("{ import a b }", "{ import a b }"),
]  # fmt: skip
# Typed; kind and names of each declaration, `~` before a nested one, `-` behind a simple one.
DECLARED = [
    ("let a", "let a"), ("let a = 1, b", "let a,b"), ("const a = 1", "const a"), ("class A {}", "class A"),
    ("class A extends (class B {}) { m() { class C {} } }", "class A"), ("function f() {}", "function f"),
    ("async function f() {} function* g() {} async function* h() {}", "function f|function g|function h"),
    ("let {a, b: c, d = 1, e: f = 2, [g]: h, ...i} = j", "let a,c,d,f,h,i"),
    ("let [a,, b = 1, [c], {d}, ...e] = f", "let a,b,c,d,e"), ("const {a: {b: [{c}]}} = d", "const c"),
    ("let {'a-b': c, 1: d, /* x */ e} = f", "let c,d,e"), ("let {a = function b() { var c }, d = class E {}} = f", "let a,d"),
    ("var a", "var a"), ("var a = 1", "var a-"), ("var a = 1, b = 2;", "var a,b-"), ("var a = 1, b", "var a,b"),
    ("var {a} = b", "var a"), ("var a = 1, [b] = c", "var a,b"), ("{ var a = 1 }", "~var a-"), ("{ { var a } }", "~var a"),
    ("if (a) var b = 1; else { var c }", "~var b-|~var c"), ("for (var a = 0, b = 1;;) ;", "~var a,b-"), ("for (var a;;) ;", "~var a"),
    ("for (var a of b) ;", "~var a-"), ("for (var a in b) { var c = 1 }", "~var a-|~var c-"), ("for (var [a, {b}] of c) ;", "~var a,b"),
    ("for (var async of a) ;", "~var async"), ("for (var a = 1 in {}) ;", "~var a"), ("for await (var a of b) ;", "~var a-"),
    ("while (a) var b = 1", "~var b-"), ("do var b = 1; while (a)", "~var b-"), ("l: var a = 1", "~var a-"),
    ("try { var a } catch ({b}) { var c } finally { var d }", "~var a|~var c|~var d"),
    ("switch (a) { case 1: var b = 1; let c; default: var d }", "~var b-|~var d"), ("with (a) var b = 1", "~var b-"),
    ("{ let a; const b = 1; class C {} function d() {} }", ""), ("for (let a;;) ; for (const b of c) ;", ""),
    ("function f() { var a; let b; { var c } }", "function f"), ("(() => { var a })(); (function g() { var b })()", ""),
    ("class A { static { var a } m() { var b } f = () => { var c } }", "class A"), ("({ m() { var a }, get b() { var c } })", ""),
    ("const a", ""), ("const a = 1, b; let c", "let c"), ("using a", ""), ("export const a", ""),
    ("if (a) function f() {}", ""), ("using a = b", "using a"), ("await using a = b, c = d", "using a,c"), ("{ using a = b }", ""), ("let async = 1, of, get, await_", "let async,of,get,await_"),
    ("var \\u0061b = 1; let \\u{63}d", "var ab-|let cd"), ("let ünï = 1, 日本, 𠮷, $, _", "let ünï,日本,𠮷,$,_"),
    ("import a, {b as c, d} from 'm'; let e", "const a,c,d|let e"), ("import * as a from 'm'", "const a"), ("import 'm'", ""),
    ("export const a = 1, {b} = c", "const a,b"), ("export var a = 1", "var a-"), ("export function f() {}", "function f"),
    ("export class A {}", "class A"), ("export default function f() {}", "function f"), ("export default class A {}", "class A"),
    ("export default class {}", ""), ("export default function () { var a }", ""), ("export {a}", ""), ("x = class A {}; y = function f() {}", ""),
    ("let a\nlet b", "let a|let b"), ("/*😀*/ let a; '😀'; var b = 1", "let a|var b-"), ("\ufefflet a", "let a"), ("#!x\nlet a", "let a"),
    ("let a = ;", ""), ("let a; }", ""), ("{a: function f() { var b }}", ""),
]  # fmt: skip
ASSIGNED = [
    ("a = 1", "a"), ("a += 1; b ??= 2; c **= 3; d >>>= 4", "a b c d"), ("a++; --b; -c--", "a b c"), ("a.b = 1; c[d] = 2; e.f++", ""),
    ("a = b = c", "a b"), ("(a) = 1; ((b))++", "a b"), ("[a, b = 1, ...c] = d", "a b c"), ("[a.b, c[d], [e]] = f", "e"),
    ("({a, b: c, d = 1, e: f = 2, ...g} = h)", "a: c d: f g"), ("({a: b.c, d: [e], [f]: {g}} = h)", "e g:"), ("{a} = b", "a:"),
    ("for (a of b) ; for (c in d) ; for (e.f of g) ;", "a c"), ("for ({a, b: [c]} of d) ; for ([e = 1] in f) ;", "a: c e"),
    ("for await (a of b) ;", "a"), ("let a; a = 1", "a"), ("const a = 1; a = 2", "a"), ("let a = b = 1", "b"),
    ("let {a = b = 1, [c = 2]: d} = e", "b c"), ("import a from 'm'; a = 1", "a"), ("{ let a; a = 1; b = 2 }", "b"),
    ("{ a = 1; let a }", ""), ("{ let a } a = 1", "a"), ("{ class A {} function f() {} A = 1; f = 2 }", ""), ("class A {} A = 1", "A"),
    ("for (let a = 0; a < 1; a++) { a = 2; b = 3 }", "b"), ("for (const [a, {b}] of c) { a = 1; b = 2; d = 3 }", "d"),
    ("for (var a of b) a = 1", "a"), ("switch (a) { case 1: let b; default: b = 1; c = 2 }", "c"),
    ("try {} catch ({a, b: [c]}) { a = 1; c = 2; d = 3 }", "d"), ("try {} catch { a = 1 } finally { b = 2 }", "a b"),
    ("function f(a, {b, c: d}, [e] = [], g = 1, ...h) { a = b = d = e = g = h = 1; c = 2 }", "c"),
    ("function f(a = (b = 1)) {}", "b"), ("function f() { a = 1; var a }", ""), ("function f() { a = 1; { var a } }", ""),
    ("function f() { { let a } a = 1 }", "a"), ("function f() { a = 1; function a() {} }", ""), ("function f() { { function a() {} } a = 1 }", ""),
    ("function f() { f = 1 }", "f"), ("(function f() { f = 1; g = 2 })", "g"), ("(class A { m() { A = 1; B = 2 } })", "B"),
    ("class A { m() { A = 1 } }", ""), ("function f() { arguments = 1; () => { arguments = 2 } }", ""), ("() => { arguments = 1 }", "arguments"),
    ("a => a = 1", ""), ("a => b = 1", "b"), ("async (a, {b}) => { a = 1; b = 2; c = 3 }", "c"), ("() => () => { a = 1 }", "a"),
    ("({ m(a) { a = 1; m = 2 }, set p(v) { v = 1 }, *g() { b = 1 }, [c = 1]: 2 })", "m b c"),
    ("class A { x = (a = 1); static { var b; b = 1; c = 2 } static [d = 1] = 2; m(e) { e = 1 } }", "a c d"),
    ("with (a) { b = 1; (() => { c = 2 })() } d = 3", "d"), ("function f() { eval('var a'); a = 1; () => { b = 2 } } c = 3", "c"),
    ("function f() { x.eval(''); a = 1 }", "a"), ("eval('var a'); a = 1", "a"), ("undefined = 1; undefined++", ""),
    ("async = 1; of = 2; get = 3", "async of get"), ("`${a = 1}`; f(b = 2); c ? d = 3 : e = 4", "a b d e"), ("\\u0061b = 1", "ab"),
    ("'😀'; ü = 1; 𠮷 = 2", "ü 𠮷"), ("{ '😀': a = 1 }", "a"), ("{ using a = b; a = 1 }", ""), ("a = ", ""), ("a == b; a => b; a >= b", ""),
    ("export default a = 1", "a"), ("[a] = b; [c]\n= d", "a c"), ("for (const a of b = c) ;", "b"), ("if (a = 1) ; while (b = 2) ;", "a b"),
]  # fmt: skip
# Typed; the text after the edits; the declarations.
TYPESCRIPT = [
    ('let x: number = 1',
     'let x         = 1', 'let x'),
    ('var x: number = 1',
     'var x         = 1', 'var x'),
    ('const {a, b}: T = c as any',
     'let {a, b}    = c       ', 'const a,b'),
    ("import type A from 'm'",
     '', ''),
    ("import type {A} from 'm';\nlet b: A",
     '\nlet b   ', 'let b'),
    ("f\nimport type * as A from 'm'\n(b as A)",
     'f\n;\n(b     )', ''),
    ("import {type A, type B as C} from 'm'",
     '', ''),
    ("import x, {type A, b} from 'm'",
     "let {default: x, b} = await G.load('m', ['default', 'b']);", 'const x,b'),
    ("import x = require('m');",
     "let x = require('m');", 'const x'),
    ('import x = a.b',
     'let x = a.b', 'const x'),
    ('export import x = a.b',
     '       let x = a.b', 'const x'),
    ("export type {A} from 'm'",
     '', ''),
    ('export type A = string',
     '                      ', ''),
    ('export interface A {}; export default interface B {}',
     '                     ;                              ', ''),
    ('export = x as any',
     '       ;0, x       ', ''),
    ('enum A { B }',
     'let A ;(function(A){ A[A["B"]=0]="B" })(A={});', 'enum A'),
    ('export const enum A { B }',
     '             let A ;(function(A){ A[A["B"]=0]="B" })(A={});', 'enum A'),
    ('namespace A.B { export let c = 1 }',
     'let A ;(function(A){let B;(function(B){ ; B.c = 1 })(B=A.B||(A.B={}));})(A={});', 'enum A'),
    ('namespace A.B.C.D { export let c = 1 }',
     'let A ;(function(A){let B;(function(B){let C;(function(C){let D;(function(D){ ; D.c = 1 })(D=C.D||(C.D={}));})(C=B.C||(B.C={}));})(B=A.B||(A.B={}));})(A={});', 'enum A'),
    ('export namespace A.B.C { export let c = 1 }',
     '       let A ;(function(A){let B;(function(B){let C;(function(C){ ; C.c = 1 })(C=B.C||(B.C={}));})(B=A.B||(A.B={}));})(A={});', 'enum A'),
    ('namespace A { export type B = 1; interface C {} export namespace D {}; /**/ function e(): 1 }; namespace F.G {}',
     '                                                                                             ;                 ', ''),
    ('namespace A { declare let b: 1 }; namespace C { export namespace D { type E = 1; let f } }',
     'let A ;(function(A){                  })(A={});; let C ;(function(C){        let       D ;(function(D){             let f })(D=C.D||(C.D={})); })(C={});', 'enum A|enum C'),
    ('namespace A { type B = 1; export type { B } }',
     '                                             ', ''),
    ("module 'a' { let b }",
     "module 'a' { let b }", ''),
    ('module A.B.C { export let c = 1 }',
     'let A ;(function(A){let B;(function(B){let C;(function(C){ ; C.c = 1 })(C=B.C||(B.C={}));})(B=A.B||(A.B={}));})(A={});', 'enum A'),
    ('export namespace A { var b }',
     '       let A ;(function(A){ var b })(A={});', 'enum A'),
    ('module A { let b }',
     'let A ;(function(A){ let b })(A={});', 'enum A'),
    ('declare const a: 1; declare function f(): void; declare class A {}; declare enum B {}; declare namespace C {}',
     '                                                                  ;                  ;                       ', ''),
    ('declare global { var a: 1 }',
     '                           ', ''),
    ('function f(a: 1): void; function f(a: any) {}',
     '                        function f(a     ) {}', 'function f'),
    ('abstract class A<T> extends B<T> implements C { private x?: T; constructor(public y: 1) { super() } abstract m(): 1 }',
     '         class A    extends B                 {y;         x    ; constructor(       y   ) { super();this.y=y }                 }', 'class A'),
    ("type A = import('m').B",
     '                      ', ''),
    ("let a: typeof import('m') = await import('m')",
     "let a                     = await G.import('m')", 'let a'),
    ("x as import('m').B; y satisfies import('n').C; import('o')",
     "x                 ; y                        ; G.import('o')", ''),
    ("f<A>(import('n'), y!)",
     "f   (G.import('n'), y )", ''),
    ('{a: 1 as any}',
     '({a: 1       })', ''),
    ('<T>x',
     '   x', ''),
]  # fmt: skip
TYPESCRIPT_ASSIGNED = [
    ("x! = 1; (y as any) = 2; (<any>z)++", "x y z"), ("function f(this: any, a?: 1, ...b: c[]) { a = b = d = 1 }", "d"),
    ("namespace N { a = 1 } b = 2", "b"), ("try {} catch (e: unknown) { e = 1; f = 2 }", "f"),
    ("class A { constructor(private a: 1) { a = 2; b = 3 } }", "b"), ("enum E { A = (b = 1) } let c: (d: 1) => void = (d) => { d = 2 }", "b"),
]  # fmt: skip


def ready(text: str, typescript: str = "auto") -> Analysis:
    return analyze(text, global_name="G", typescript=typescript)


def edited(analysis: Analysis) -> str:
    """The text with the edits made and `let` for every `const`, `import`, enum and namespace, as the prelude might have it."""
    units = analysis.text.encode("utf-16-le", "surrogatepass")
    changes = [(edit.start, edit.end, edit.text) for edit in analysis.edits]
    changes += [
        (one.start, one.end, "let")
        for one in analysis.declarations
        if one.kind in ("const", "enum") or (one.kind == "let" and one.start == one.end)
    ]
    assert all(
        before[1] <= after[0]
        for before, after in zip(sorted(changes), sorted(changes)[1:], strict=False)
    )
    assert list(analysis.edits) == sorted(analysis.edits, key=lambda edit: (edit.start, edit.end))
    for start, end, text in sorted(changes, reverse=True):
        units = units[: 2 * start] + text.encode("utf-16-le", "surrogatepass") + units[2 * end :]
    return units.decode("utf-16-le", "surrogatepass")


def typed_at(analysis: Analysis, start: int, end: int) -> str:
    units = analysis.text.encode("utf-16-le", "surrogatepass")
    return units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")


def declared(analysis: Analysis) -> str:
    return "|".join(
        f"{'~' * one.nested}{one.kind} {','.join(one.names)}{'-' * one.simple}"
        for one in analysis.declarations
    )


def assigned(analysis: Analysis) -> str:
    return " ".join(one.name + ":" * one.shorthand for one in analysis.assignments)


def in_node(script: str, rows: list) -> list:
    """What a script of Node.js makes of `rows`; it finds them there and calls `answer`."""
    wrapped = (
        "const rows = JSON.parse(require('fs').readFileSync(0)), answer = (x) => console.log(JSON.stringify(x));"
        + script
    )
    ran = subprocess.run(
        [find_node().path, "--experimental-vm-modules", "--no-warnings", "-e", wrapped],
        input=json.dumps(rows), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(ran.stdout)


@pytest.mark.parametrize(("typed", "expected"), IMPORTS)
def test_imports(typed, expected):
    """An import becomes a declaration that awaits the module, on as many lines; `import(…)` and `import.meta` are led elsewhere."""
    analysis = ready(typed)
    assert (edited(analysis), analysis.notes, analysis.is_typescript) == (expected, (), False)


@pytest.mark.parametrize(("typed", "expected", "notes"), EXPORTS)
def test_exports(typed, expected, notes):
    """An export goes and what it declares stays, each kind with one note; a default export is the snippet's value."""
    analysis = ready(typed)
    assert (edited(analysis), "".join(analysis.notes), analysis.is_typescript) == (
        expected,
        notes,
        False,
    )


@pytest.mark.parametrize(("typed", "expected"), OBJECTS)
def test_objects(typed, expected):
    """A snippet that is an object literal gets the parentheses that make it one."""
    analysis = ready(typed)
    assert (edited(analysis), analysis.declarations, analysis.notes) == (expected, (), ())


@pytest.mark.parametrize("typed", UNCHANGED)
def test_unchanged(typed):
    """Blocks, what only looks like an import, and whatever the engine will refuse are sent as typed."""
    assert (ready(typed).edits, ready(typed).notes) == ((), ())


@pytest.mark.parametrize("typed", MISREAD)
def test_misread(typed):
    """What is an error to both grammars is sent as typed, with nothing found in it."""
    assert ready(typed) == Analysis(typed, (), (), (), False, False, ())


@pytest.mark.parametrize(("typed", "expected"), BROKEN)
def test_broken(typed, expected):
    """Of a text with an error as much of a module goes as is sound, so that the engine meets the error itself."""
    assert edited(ready(typed)) == expected


@pytest.mark.parametrize(("typed", "expected"), DECLARED)
def test_declarations(typed, expected):
    """Every declaration that lands in the global scope is found, at its keyword, and no other."""
    analysis = ready(typed)
    assert declared(analysis) == expected
    for one in analysis.declarations:
        keyword = typed_at(analysis, one.start, one.end)
        assert (
            keyword == ""
            if one.kind in ("class", "function")
            else keyword.removeprefix("await ") in (one.kind, "import")
        )
        assert re.match(
            r"let|const|(await )?using|var|import|class|(async )?function",
            typed_at(analysis, one.start, one.stop),
        )


@pytest.mark.parametrize(("typed", "expected"), ASSIGNED)
def test_assignments(typed, expected):
    """Every name that is assigned to and that nothing inside the snippet binds is found, at its place."""
    analysis = ready(typed)
    assert assigned(analysis) == expected
    if "\\" not in typed:
        assert all(
            typed_at(analysis, one.start, one.end) == one.name for one in analysis.assignments
        )


@pytest.mark.parametrize(("typed", "expected", "declarations"), TYPESCRIPT)
def test_typescript(typed, expected, declarations):
    """TypeScript is told by itself; types are dropped from imports, and what is declared is what is there at run time."""
    analysis = ready(typed)
    assert (edited(analysis), declared(analysis), analysis.is_typescript) == (
        expected,
        declarations,
        True,
    )
    assert ready(typed, "on") == analysis
    assert not ready(typed, "off").is_typescript


@pytest.mark.parametrize(("typed", "expected"), TYPESCRIPT_ASSIGNED)
def test_typescript_assignments(typed, expected):
    """Assignments are found through casts, and parameters through their types."""
    analysis = ready(typed)
    assert (assigned(analysis), analysis.is_typescript) == (expected, True)


@pytest.mark.parametrize(("typed", "typescript", "expected"), [
    ("x", "auto", (False, False)), ("x", "on", (True, False)), ("x", "off", (False, False)), ("let x: 1", "off", (False, False)),
    ("f<string>(x)", "auto", (False, False)), ("f<string>(x)", "on", (True, False)), ("let x: ;", "auto", (False, False)),
    ("let x: ;", "on", (True, False)), ("a = <b>c</b>", "auto", (False, True)), ("<a/>", "off", (False, True)),
    ("let x: number = ;", "auto", (True, False)), ("let x: number = ;", "off", (False, False)), ("let x = 1 2", "auto", (False, False)),
    ("<T>x", "auto", (True, False)), ("let x: A = <b/>", "auto", (False, True)), ("if (a <b && c> d) {", "auto", (False, False)),
    ("import a from 'm'\n(b)", "auto", (False, False)), ("import a from 'm' assert {}", "off", (False, False)),
    ("let type = 1, declare, namespace, any; type.type = {readonly: 1}", "auto", (False, False)),
])  # fmt: skip
def test_languages(typed, typescript, expected):
    """A snippet is TypeScript where it is asked for or where only that explains it; JSX is told, except in TypeScript."""
    analysis = ready(typed, typescript)
    assert (analysis.is_typescript, analysis.has_jsx) == expected


@pytest.mark.parametrize(("typed", "stops"), [
    ("let a = 1; b", [10]), ("let a = 1\nb", [9]), ("var a\n;b", [7]), ("class A { m() {} } a", [18]), ("function f() { } a", [16]),
    ("for (var a = 1;;) { b } c", [23]), ("for (var a of b) c; d", [19]), ("import a from 'm' ; b", [19]), ("export class A {} a", [17]),
    ("'😀'; let é = 'é'", [17]), ("enum A {} b", [9]), ("export const a = 1; b", [19]),
])  # fmt: skip
def test_stops(typed, stops):
    """A declaration ends where its statement, or the loop that it heads, does."""
    assert [one.stop for one in ready(typed).declarations] == stops


def test_edited_text_is_valid():
    """What was valid in a module or in a script is valid once it is edited, and JavaScript that was not still is not."""
    typed = (
        [row[0] for row in [*IMPORTS, *EXPORTS, *OBJECTS, *DECLARED, *ASSIGNED, *BROKEN]]
        + UNCHANGED
        + MISREAD
    )
    script = """
    const vm = require('vm');
    const compiles = (make) => { try { make(); return true } catch { return false } };
    const body = (code) => new vm.Script('async () => {' + code.replace(/^\\uFEFF?#!.*/, '') + '\\n}');
    answer(rows.map(([typed, edited]) => [
        compiles(() => body(typed)) || compiles(() => new vm.SourceTextModule(typed)), compiles(() => body(edited))]));
    """
    judged = in_node(script, [[text, edited(ready(text))] for text in typed])
    assert sum(before for before, _ in judged) > 230
    broken = [
        text for text, (before, after) in zip(typed, judged, strict=True) if before and not after
    ]
    assert all(text in MISREAD + UNCHANGED and re.search("import|export", text) for text in broken)
    assert [
        text
        for text, (_, after) in zip(typed, judged, strict=True)
        if after and text in dict(BROKEN)
    ] == []
    expected = [row[1] for row in [*IMPORTS, *EXPORTS, *OBJECTS] if "await using" not in row[1]]
    valid = in_node(script, [[text, text] for text in expected])
    assert [text for text, (_, after) in zip(expected, valid, strict=True) if not after] == []


def test_objects_are_nodes_own():
    """What Node's own prompt takes for an object is one here, except where a block was meant by all appearance."""
    texts = [typed for typed, _ in OBJECTS] + [
        typed for typed in UNCHANGED if typed.startswith("{")
    ]
    script = """
    const vm = require('vm');
    const isObject = (code) => {
        if (!/^\\s*{/.test(code) || /;\\s*$/.test(code)) return false;
        try { new vm.Script(`async () => (${code.trim()})\\n`); return true } catch { return false }
    };
    answer(rows.map(isObject));
    """
    ours = [any(edit.text == "(" for edit in ready(text).edits) for text in texts]
    differ = [
        (text, own)
        for text, own, theirs in zip(texts, ours, in_node(script, texts), strict=True)
        if own != theirs
    ]
    # Node looks for the brace at the very start, and does not end a comment before its parenthesis.
    assert set(differ) == {
        ("/* 😀 */ // c\n{'é': 1}", True), ("{a: 1} // c", True), ("{'😀': import('m'), u: import.meta}", True),
        ("{a}) + ({b}", False), ("{a}), (b", False), ("{ if (a) {} }", False), ("{ for (a) {} }", False),
    }  # fmt: skip


def test_edited_text_runs():
    """In a session that evaluates as DevTools does, imports bind, a default export is the value, and an object is one."""
    rows = [
        (
            "import fs, {sep as s, 'join' as j} from 'path'\ns + j('a', 'b') + typeof fs",
            "/a/bobject",
        ),
        ("import path, * as ns from 'node:path'; path === ns.default", True),
        ("import * as ns from 'path'\n(async () => ns.sep)()", "/"),
        ("import 'path'\n[1].map((x) => x + 1)", [2]),
        ("(await import('path')).sep + import.meta.url", "/here"),
        ("export default {a: 1}", {"a": 1}),
        ("export default function f() { return 5 } // c", "function"),
        ("export default class {}\n(1)", 1),
        ("{a: 1} // c", {"a": 1}),
        ("{ let x = 1; x + 1 }", 2),
        ("let q = 1\nexport {q}\n(q + 1)", 2),
        ("q = 5; export const w = q; export {w}", 5),
    ]
    script = """
    globalThis.G = {load: (name) => import(name), import: (name) => import(name), meta: {url: 'here'}};
    const {Session} = require('inspector/promises'), session = new Session();
    session.connect();
    (async () => {
        const values = [];
        for (const code of rows) {
            const options = {expression: code, replMode: true, awaitPromise: true};
            const {result, exceptionDetails} = await session.post('Runtime.evaluate', options);
            if (exceptionDetails) { values.push(exceptionDetails.exception.description); continue; }
            const by = {functionDeclaration: 'async function () { return typeof this === "function" ? "function" : this }',
                        objectId: result.objectId, returnByValue: true, awaitPromise: true};
            values.push(result.objectId ? (await session.post('Runtime.callFunctionOn', by)).result.value : result.value);
        }
        answer(values);
    })();
    """
    assert in_node(script, [edited(ready(typed)) for typed, _ in rows]) == [
        value for _, value in rows
    ]


CODE = st.lists(
    st.sampled_from(
        "a|b|é|😀|\ud83d| |\n|\r\n|;|{|}|(|)|[|]|=|:|,|...|=>|'m'|`|import|export|default|from|* as|{a}|let|var|const|class|function"
        "|for|of|with|(a)|{}|import('m')|import.meta|//c\n|/*c*/|a = 1|: number|as".split("|")
    ),
    max_size=14,
).map(" ".join)  # fmt: skip


@given(CODE)
def test_any_text(text):
    """Whatever is typed, the edits lie in it in order, keep its lines, and spare every declaration's keyword."""
    analysis = ready(text)
    assert analysis.text == text
    assert edited(analysis).count("\n") >= text.count("\n")
    for one in analysis.declarations:
        assert typed_at(analysis, one.start, one.end) in ("let", "const", "var", "import", "")
    assert all(typed_at(analysis, one.start, one.end) == one.name for one in analysis.assignments)

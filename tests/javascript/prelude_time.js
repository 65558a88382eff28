// Measures functions of the prelude over ever longer input: prints {row: how many times as long four times the input
// takes}. Given to `node` with the prelude's directory and an empty one for output.
"use strict";
const { readFileSync, writeSync } = require("fs");
const { join } = require("path");
const vm = require("vm");

const [, , prelude, data] = process.argv;
const LIMIT = 6;
const MEASURABLE = 4000; // microseconds; shorter times are too inexact, so that a longer input is measured
const [FIRST, MOST] = [500, 32000]; // of units of input; what takes no time for so many is taken as linear
const TRIES = [1, 2, 3, 5, 8, 13, 21, 34]; // runs of which the fastest counts: what disturbs a measurement passes
const LINE = "const a = f(1)\n";

const realm = globalThis;
realm.require = require;
const part = (name) => vm.runInThisContext(readFileSync(join(prelude, `${name}.js`), "utf8"), { filename: name });
const primordials = part("primordials")({ realm });
const note = () => {};
const attempt = (action) => {
    try {
        return action();
    } catch {
        return undefined;
    }
};
const scripts = part("scripts")({
    realm,
    primordials,
    name: "g",
    post: (_, __, answer) => answer(null, { names: [] }),
    note,
});
const messages = part("messages")({ realm, primordials });
const { inspect } = require("util");
const stacks = part("stacks")({ realm, primordials, inspect, typed: scripts.typed, ...messages });
const displays = part("displays")({ realm, primordials, inspect: require("util").inspect, attempt });
const output = part("output")({ realm, primordials, data, byteText: part("byte_text")({ realm, primordials }) });

function request(text, more) {
    return { text, edits: [], declarations: [], assignments: [], ...more };
}

// `n` declarations of a kind, each in a line of its own and with an assignment.
function declared(kind) {
    return (n) => {
        const lines = Array.from({ length: n }, (_, index) => `const a${index} = 1; a${index} = 2`);
        const text = lines.join("\n");
        const declarations = [];
        const assignments = [];
        let at = 0;
        lines.forEach((line, index) => {
            const names = [`a${index}`];
            const shape = { kind, names, nested: false, simple: true };
            declarations.push({ ...shape, start: at, end: at + 5, stop: at + line.indexOf(";") });
            const start = at + line.indexOf("; ") + 2;
            assignments.push({ name: names[0], start, end: start + names[0].length, shorthand: false });
            at += line.length + 1;
        });
        return () => scripts.undo(scripts.compile(request(text, { declarations, assignments, edits: [] })));
    };
}

// What is told of an error whose stack or message is a unit again and again, thrown by a snippet of as many lines.
function thrown(unit, key = "stack") {
    return (n) => {
        const script = scripts.compile(
            request(LINE.repeat(n), { edits: Array.from({ length: n }, (_, i) => [i * 15, i * 15, " "]) }),
        );
        stacks.named({ number: 1, request: {}, script });
        const error = Object.assign(new Error("a"), { [key]: `Error: a\n${unit.replaceAll("LINE", n).repeat(n)}` });
        return () => stacks.describe(error, {}, 1);
    };
}

// An error that a library made, whose stack is put where the snippet asked for it.
function relocated(unit) {
    return (n) => {
        const error = Object.assign(new Error("a"), { stack: `Error: a${unit.repeat(n)}` });
        stacks.named({ number: 1, request: {}, script: scripts.compile(request(LINE)) });
        const witness = vm.runInThisContext("new Error()", { filename: "repl-1" });
        return () => stacks.relocate(error, witness);
    };
}

function shown(action) {
    return (n) => () => {
        const run = {
            request: { table: null },
            kernel: { config: {} },
            media: displays.none(),
            displays: { __proto__: null },
        };
        displays.expose(run, { finish() {}, fail() {} });
        action(n, realm.$$);
        displays.describe(run, { _toSvg: () => "a" }, {});
        if (displays.listed(run.media).length !== n + 1) {
            throw new Error(`${displays.listed(run.media).length} media`);
        }
    };
}

function written(chunk) {
    return (n) => () => {
        output.begin(1, 1);
        for (let index = 0; index < n; index++) {
            process.stderr.write(chunk(index));
        }
        output.end();
    };
}

const ROWS = {
    "scripts.compile, constants": declared("const"),
    "scripts.compile, variables": declared("var"),
    "scripts.compile, functions": declared("function"),
    "scripts.compile, enums": declared("enum"),
    "stacks.describe, places": thrown("    at f (repl-1:LINE:1)\n"),
    "stacks.describe, places in a line": thrown("repl-1:LINE:1 "),
    "stacks.describe, places of no snippet": thrown("repl-9:1:1 "),
    "stacks.describe, a message": thrown("repl-1:LINE:1 ", "message"),
    "stacks.describe, brackets": thrown("    at async ((((\n"),
    "stacks.describe, brackets in a line": thrown("\n    at ("),
    "stacks.describe, blanks": thrown("\n   "),
    "stacks.describe, digits": thrown("repl-1:1"),
    "stacks.describe, no error": (n) => () => stacks.describe({ stack: "\n    at ([1]:1:1)".repeat(n) }, {}, 1),
    "stacks.relocate, frames": relocated("\n    at f (node:vm:1:1)"),
    "stacks.relocate, brackets": relocated("(((("),
    "stacks.relocate, brackets in a frame": relocated("\n    at ((((("),
    "stacks.relocate, blanks": relocated("\n      "),
    "displays, one each": shown((n, $$) => {
        for (let index = 0; index < n; index++) {
            $$.display(index).html("a");
        }
    }),
    "displays, shown again": shown((n, $$) => {
        for (let index = 0; index < n; index++) {
            $$.display(index).html("a");
            $$.display(0).html("b");
        }
    }),
    "displays, text": shown((n, $$) => {
        for (let index = 0; index < n; index++) {
            $$.display(index).text("a");
        }
    }),
    "displays, a large bundle": shown((n, $$) => {
        $$.display(0).mime(Object.fromEntries(Array.from({ length: n }, (_, index) => [`a/${index}`, "b"])));
    }),
    "output, lines": written(() => "a\n"),
    "output, bytes": written(() => Buffer.from("a")),
    "output, half characters": written(() => "\ud800"),
};

// Collections of garbage are no part of the time: the caller gives Node.js memory enough to go without.
function microseconds(work) {
    globalThis.gc();
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return user + system;
}

// How many times as long four times the input takes: the root of the ratio for sixteen times, so that what disturbs one
// side counts half. Both sides take turns, so that a slow machine slows down both.
function growth(row, runs) {
    row(FIRST)(); // so that it is compiled
    for (let n = FIRST; n <= MOST; n *= 4) {
        let [short, long] = [Infinity, Infinity];
        for (let run = 0; run < runs; run++) {
            short = Math.min(short, microseconds(row(n)));
            long = Math.min(long, microseconds(row(16 * n)));
        }
        if (long >= 4 * MEASURABLE) {
            return Math.sqrt(long / short);
        }
    }
    return 0;
}

process.stderr.write = () => true;
const ratios = {};
for (const [name, row] of Object.entries(ROWS)) {
    let ratio = LIMIT;
    for (let index = 0; index < TRIES.length && ratio >= LIMIT; index++) {
        ratio = growth(row, TRIES[index]);
    }
    ratios[name] = Math.round(ratio * 10) / 10;
}
writeSync(1, JSON.stringify(ratios)); // what goes to process.stdout is caught
process.exit();

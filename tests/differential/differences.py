"""The differences between node and noderepl that are not defects; docs/javascript.md has the same table."""

from __future__ import annotations

# The key `differs` of the programs -> what differs, and why.
DIFFERENCES = {
    "environment": (
        "`process.env` has the variables of the session, not those of your shell",
        "the session is another machine; `--env` and `--env-file` set variables",
    ),
    "channel": (
        "`process.send()` exists, `process.connected` is `true`, and a program that tests them takes"
        " itself for a forked child",
        "the kernel answers through this channel",
    ),
    "globals": (
        "the global object also has `$$`, `_` and Node.js' modules by their names, and"
        " `require('console')` is another object than `console`",
        "the kernel defines them",
    ),
    "restored": (
        "some built-ins that a program replaces or deletes come back, with one line on stderr",
        "the kernel needs them; see [Changes to the session](#changes-to-the-session)",
    ),
    "modules": (
        "a module that imports its own file runs twice, microtasks run after"
        " `process.nextTick()`, and the message about a missing `require` is shorter",
        "the text of a module runs as an asynchronous function",
    ),
    "eval": (
        "`import()` fails in code that `eval()` or `new Function()` creates",
        "the inspector gives such scripts no way to import",
    ),
    "kind": (
        "a file runs as what its text is: TypeScript with every Node.js and with its enums,"
        " decorators, `await` beside `require`, a shebang line after a byte order mark; JSON and a"
        " text that declares `require` are JavaScript",
        "Node.js decides by the name of the file and by the nearest `package.json`",
    ),
    "no-error": (
        "a thrown value that is no error is shown after `Uncaught`, without its place",
        "the inspector does not report the place",
    ),
    "place": (
        "above an error, noderepl shows the line of your program that led to it, or no line if the"
        " stack has no frame of your program; Node.js shows the line that threw, which may be in a"
        " module, in Node.js or in a text",
        "the place comes from the stack",
    ),
    "event": (
        "an `error` event without a listener is reported without the part `Emitted 'error' event`",
        "Node.js adds it only as it exits",
    ),
    "abort": (
        "`process.abort()` writes no native stack trace",
        "it ends the program, not the process of the session",
    ),
    "hints": (
        "one line below some errors says what to do",
        "see [Hints](#hints)",
    ),
}

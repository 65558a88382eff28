// Runs pasted blocks in NEL, the kernel itself, driven directly.
//
// Contract with systems.py: argv is [NEL's directory]; each line of stdin is a JSON string, a snippet; each line of
// stdout is {"number", "value", "error"} as JSON: the snippet's number from 0, its value as text, the kernel's {ename,
// evalue, traceback}.
"use strict";
const readline = require("node:readline");
const { Session } = require(process.argv[2]);

const session = new Session({ cwd: process.cwd() });
let count = 0;

readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const told = { number: count++, value: null, error: null };
    session.execute(JSON.parse(line), {
        onSuccess: ({ mime }) => (told.value = mime?.["text/plain"] ?? null),
        onError: ({ error }) => (told.error = error),
        afterRun: () => console.log(JSON.stringify(told)),
    });
});

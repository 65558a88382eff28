// Runs TypeScript as the compiler's own JavaScript.
//
// Contract with test_type_stripping.py: argv is [a directory with typescript in its node_modules]; stdin is a JSON list
// of snippets; stdout is a JSON list of what each prints, in order, with the error that ends it.
"use strict";

const { readFileSync } = require("fs");
const { createRequire } = require("module");
const { join } = require("path");
const { format } = require("util");

const ts = createRequire(join(process.argv[2], "index.js"))("typescript");
const AsyncFunction = (async () => {}).constructor;
const compilerOptions = { target: "ES2022", module: "CommonJS", esModuleInterop: true };

async function printed(snippet) {
    const lines = [];
    const own = { log: (...values) => lines.push(format(...values)) };
    try {
        const { outputText } = ts.transpileModule(snippet, { compilerOptions });
        const module = { exports: {} };
        await new AsyncFunction("console", "require", "module", "exports", outputText)(
            own,
            require,
            module,
            module.exports,
        );
    } catch (error) {
        lines.push(`${error}`);
    }
    return lines.join("\n");
}

(async () => {
    const answers = [];
    for (const snippet of JSON.parse(readFileSync(0, "utf8"))) {
        answers.push(await printed(snippet));
    }
    process.stdout.write(JSON.stringify(answers));
})();

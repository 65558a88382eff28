// Says which blocks are JavaScript or TypeScript, by other parsers than the one that is judged.
//
// Contract with blocks.py: argv is [a directory with acorn and typescript in its node_modules]; stdin is a JSON list of
// texts; stdout is a JSON list of "script", "module", "typescript" or null, one for each.
"use strict";
const fs = require("node:fs");
const { createRequire } = require("node:module");

const require_ = createRequire(`${process.argv[2]}/`);
const acorn = require_("acorn");
const ts = require_("typescript");

function parses(code, sourceType) {
    const options = { ecmaVersion: "latest", sourceType, allowAwaitOutsideFunction: true, allowHashBang: true };
    try {
        acorn.parse(code, { ...options, allowReturnOutsideFunction: false });
        return true;
    } catch {
        return false;
    }
}

function isTypeScript(code) {
    // Imports are kept, or a name that is imported and declared again would not be seen below.
    const kept = { verbatimModuleSyntax: true };
    const compilerOptions = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, ...kept };
    const { diagnostics, outputText } = ts.transpileModule(code, { reportDiagnostics: true, compilerOptions });
    // TypeScript's parser leaves to its checker what is an early error in JavaScript, such as a name declared twice.
    return diagnostics.length === 0 && parses(outputText, "module");
}

function kind(code) {
    const found = ["script", "module"].find((sourceType) => parses(code, sourceType));
    return found ?? (isTypeScript(code) ? "typescript" : null);
}

process.stdout.write(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).map(kind)));

// Answers, for each text of a JSON list on standard input, whether Node's REPL would ask for more lines.
// Runs with --expose-internals: the judge is Node's own isRecoverableError.
"use strict";
const { isRecoverableError } = require("internal/repl/utils");
const { Parser, tokTypes } = require("internal/deps/acorn/acorn/dist/acorn");
const vm = require("node:vm");

function compiles(code) {
    try {
        new vm.Script(code);
    } catch (error) {
        return error;
    }
}

// As the REPL's own evaluation does: a text that begins with a brace is first tried as an expression.
function ofScript(code) {
    if (/^\s*\{/.test(code) && !/;\s*$/.test(code) && !compiles(`(${code.trim()})\n`)) return false;
    const error = compiles(code);
    return error ? isRecoverableError(error, code) : false;
}

// The same rule with the grammar of modules, which Node's REPL does not have.
function ofModule(code) {
    let isRecoverable = false;
    const Recoverable = Parser.extend(
        (Base) =>
            class extends Base {
                nextToken() {
                    super.nextToken();
                    if (this.type === tokTypes.eof) isRecoverable = true;
                }
                raise(place, message) {
                    if (message === "Unterminated template" || message === "Unterminated comment") isRecoverable = true;
                    if (message === "Unterminated string constant") {
                        isRecoverable ||= /\\(?:\r\n?|\n|\u2028|\u2029)$/.test(
                            this.input.slice(this.lastTokStart, this.pos),
                        );
                    }
                    super.raise(place, message);
                }
            },
    );
    try {
        Recoverable.parse(code, { ecmaVersion: "latest", sourceType: "module" });
        return false;
    } catch {
        return isRecoverable;
    }
}

const isModule = /\bawait\b|^\s*(?:import|export)\b/m;
const texts = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const answers = texts.map((text) => {
    const code = `${text}\n`;
    return ofScript(code) || (isModule.test(code) && ofModule(code));
});
process.stdout.write(JSON.stringify(answers));

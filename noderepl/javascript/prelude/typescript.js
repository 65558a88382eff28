// Strips the types of TypeScript, with Node.js' own function if the session has it.
(function typescript({ realm, placeAt }) {
    const { Buffer, JSON, Object, RegExp, SyntaxError, process, require } = realm;
    const { stripTypeScriptTypes, SourceMap } = require("module");
    const { assign } = Object;
    const { parse } = JSON;
    const toBuffer = Buffer.from;
    const { versions } = process;
    const exec = RegExp.prototype.exec.call.bind(RegExp.prototype.exec);
    const test = RegExp.prototype.test.call.bind(RegExp.prototype.test);
    const MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;
    const PLACE = /^:(\d+)\n(?:(?:[^\n]+\n)*?( *)\^+\n)?/;
    const NONE = /[\p{Mark}\p{Format}]/u;
    const WIDE =
        /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u;

    // script: of scripts.js. Types are replaced by blanks; syntax that needs code (enums, namespaces) is transformed,
    // and `map` leads from the result to the expression before it, `edited`.
    function strip(script, isTypeScript) {
        if (!isTypeScript) {
            return script;
        }
        if (stripTypeScriptTypes === undefined) {
            const there = `Node.js ${versions.node} in the session`;
            const words = `This is TypeScript, and ${there} cannot strip its types: 22.13 can.`;
            throw assign(new SyntaxError(words), { stack: `SyntaxError: ${words}` });
        }
        const { emitWarning } = process;
        process.emitWarning = () => {}; // without Node.js' warning that this is experimental
        try {
            return { ...script, expression: stripTypeScriptTypes(script.expression, { mode: "strip" }) };
        } catch (error) {
            if (error.code !== "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
                throw placed(error, script);
            }
        } finally {
            process.emitWarning = emitWarning;
        }
        const made = stripTypeScriptTypes(script.expression, { mode: "transform", sourceMap: true });
        const [, encoded] = MAP.exec(made);
        const map = new SourceMap(parse(toBuffer(encoded, "base64").toString()));
        return { ...script, expression: made.replace(MAP, ""), edited: script.expression, map };
    }

    // Node.js reports a position in the stack only: `:LINE`, source lines, and a caret below that line unless it is the
    // end.
    function placed(error, script) {
        const failure = assign(new SyntaxError(error.message), { stack: `SyntaxError: ${error.message}` });
        const [found, line, above] = exec(PLACE, error.stack) ?? [];
        if (found !== undefined) {
            const lines = script.expression.split("\n");
            placeAt(
                failure,
                script,
                line,
                above === undefined ? Infinity : 1 + lengthOf(lines[line - 1], above.length),
            );
        }
        return failure;
    }

    // Returns the length of the text that takes that many columns on a screen, with tab stops at every fourth.
    function lengthOf(line, width) {
        let length = 0;
        let column = 0;
        for (const character of line) {
            if (column >= width) {
                break;
            }
            length += character.length;
            column += character === "\t" ? 4 - (column % 4) : test(NONE, character) ? 0 : test(WIDE, character) ? 2 : 1;
        }
        return length;
    }

    return { strip };
});

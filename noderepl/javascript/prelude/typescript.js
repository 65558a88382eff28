// TypeScript without its types, by Node's own means where the session has them.
(function typescript({ realm }) {
    const { Buffer, JSON, Object, SyntaxError, process, require } = realm;
    const { stripTypeScriptTypes, SourceMap } = require("module");
    const { assign } = Object;
    const { parse } = JSON;
    const toBuffer = Buffer.from;
    const { versions } = process;
    const MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;

    // script: as scripts.js made it. Types are replaced by blanks; where the syntax needs code of its own (enums,
    // namespaces), that is made, and `map` leads from it to the expression that it was made of, `edited`.
    function strip(script, isTypeScript) {
        if (!isTypeScript) {
            return script;
        }
        if (stripTypeScriptTypes === undefined) {
            const words = `This is TypeScript, and Node.js ${versions.node} in the session cannot strip its types: 22.13 can.`;
            throw assign(new SyntaxError(words), { stack: `SyntaxError: ${words}` });
        }
        const { emitWarning } = process;
        process.emitWarning = () => {}; // the user need not be told that this is experimental
        try {
            return { ...script, expression: stripTypeScriptTypes(script.expression, { mode: "strip" }) };
        } catch (error) {
            if (error.code !== "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
                throw error;
            }
        } finally {
            process.emitWarning = emitWarning;
        }
        const made = stripTypeScriptTypes(script.expression, { mode: "transform", sourceMap: true });
        const [, encoded] = MAP.exec(made);
        const map = new SourceMap(parse(toBuffer(encoded, "base64").toString()));
        return { ...script, expression: made.replace(MAP, ""), edited: script.expression, map };
    }

    return { strip };
});

// The messages of errors, in the words of the snippet.
(function messages({ realm, primordials }) {
    const { Error, Object } = realm;
    const { getOwnPropertySymbols, getPrototypeOf } = Object;
    const toString = primordials.uncurried(Error.prototype.toString);
    const { replace } = primordials;
    const MEMBER = /\$noderepl_\w+\.(import|meta)\b/g; // what `import()` and `import.meta` are rewritten to
    const LOADED = /\nRequire stack:(?:\n- [^\n]*)+/g; // a part of the message of a missing module, for Node's loader

    const MARK = findMark();

    // Returns the first line of the stack of an error.
    function headOf(error) {
        try {
            return MARK !== undefined && MARK in error
                ? `${error.name} [${error.code}]: ${error.message}`
                : toString(error);
        } catch {
            return "<error>";
        }
    }

    // Returns the mark of Node.js' own errors, whose stacks begin with their code as well.
    function findMark() {
        try {
            realm.require("path").join(null);
        } catch (error) {
            for (let object = error; object !== null; object = getPrototypeOf(object)) {
                const mark = getOwnPropertySymbols(object).find(({ description }) => description === "kIsNodeError");
                if (mark !== undefined) {
                    return mark;
                }
            }
        }
        return undefined;
    }

    // Returns a text with `import` for what the prelude calls it.
    function written(text) {
        return replace(text, MEMBER, (found) => (found[1] === "meta" ? "import.meta" : "import"));
    }

    function withoutLoader(text) {
        return replace(text, LOADED, () => "");
    }

    return { headOf, withoutLoader, written };
});

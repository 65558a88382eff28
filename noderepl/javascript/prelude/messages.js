// The messages of errors, in the words of the snippet.
(function messages({ primordials }) {
    const { replace } = primordials;
    const MEMBER = /\$noderepl_\w+\.(import|meta)\b/g; // what `import()` and `import.meta` are rewritten to
    const LOADED = /\nRequire stack:(?:\n- [^\n]*)+/g; // a part of the message of a missing module, for Node's loader

    // Returns a text with `import` for what the prelude calls it, and without the loader's stack.
    function written(text) {
        const shown = replace(text, MEMBER, (found) => (found[1] === "meta" ? "import.meta" : "import"));
        return replace(shown, LOADED, () => "");
    }

    return { written };
});

// Removes variables of snippets: those with the names request.names, or all of them, with the results, if that is null.
// It reports {"removed": [names], "emptied": [names], "missing": [names], "results": how many}; if a name is missing,
// it removes nothing. A name that a
// declaration has bound for good is emptied: it stays, with the value undefined.
(function reset({ realm, natives, primordials, post, results, scripts, inspection, request }) {
    const { set } = natives;
    const { filter, includes, slice } = primordials.Array;

    function report() {
        const all = slice(inspection.names());
        const names = request.names ?? all;
        const missing = filter(names, (word) => !includes(all, word));
        const answer = { removed: [], emptied: [], missing, results: 0 };
        if (missing.length > 0) {
            return answer;
        }
        for (let index = 0; index < names.length; index++) {
            const list = answer[without(names[index])];
            list[list.length] = names[index];
        }
        answer.results = request.names === null ? results.clear() : 0;
        return answer;
    }

    function without(word) {
        const { isLexical } = inspection.find(word);
        scripts.release(word);
        if (!isLexical && inspection.remove(word)) {
            inspection.forget(word, false);
            return "removed";
        }
        if (isLexical) {
            post("Runtime.evaluate", { expression: `${word} = undefined`, silent: true });
        } else {
            set(realm, word, undefined);
        }
        inspection.forget(word, true);
        return "emptied";
    }

    return { report };
});

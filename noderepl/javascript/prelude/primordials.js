// The methods that the prelude uses, saved before any snippet runs; their first argument is `this`. Snippets may
// replace the methods of prototypes, and the iteration of lists (`for of`, `...`, `[a, b] = list`).
(function primordials({ realm }) {
    const METHODS = {
        Array: ["filter", "find", "findIndex", "includes", "join", "map", "push", "slice", "some"],
        Map: ["delete", "get", "set"],
        RegExp: ["exec"],
        Set: ["add", "clear", "delete", "forEach", "has"],
        String: ["charCodeAt", "endsWith", "includes", "indexOf", "lastIndexOf", "slice", "startsWith"],
        WeakMap: ["get", "set"],
    };
    const all = { __proto__: null, uncurried, replace };
    for (const type in METHODS) {
        all[type] = { __proto__: null };
        for (const name of METHODS[type]) {
            all[type][name] = uncurried(realm[type].prototype[name]);
        }
    }
    const { exec } = all.RegExp;
    const { slice } = all.String;

    function uncurried(method) {
        return method.call.bind(method);
    }

    // Replaces every match of a global expression in a text; of the expression it uses only exec() and lastIndex.
    function replace(text, expression, make) {
        let replaced = "";
        let done = 0;
        expression.lastIndex = 0;
        for (let found = exec(expression, text); found !== null; found = exec(expression, text)) {
            replaced += slice(text, done, found.index) + make(found);
            done = expression.lastIndex;
        }
        return replaced + slice(text, done);
    }

    return all;
});

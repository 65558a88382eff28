// The value of an expression while it is typed. Nothing of a snippet runs for it: this walks the expression's tree
// itself, reads only properties that hold data, converts only primitive values, and calls only functions of the
// expression and built-ins that run no other code with what they get (pure_builtins.js). A number of steps bounds its
// time and memory, and V8 ends what takes too long. V8's `throwOnSideEffect` would run getters and functions of a
// snippet that have no effect, and would refuse the question whether a value is a proxy.
//
// preview($$, {tree, names}) answers with {"kind": "preview", "text": the value on one line, null if there is none}.
// tree: see ../preview_tree.py. names: the variables in it. computedBy({tree, names}, use) does something else with the
// value. computed() is for the inspector, which ends it in time.
(function previews({
    realm,
    primordials,
    parts,
    oneLine,
    name,
    post,
    thunkOf,
    isLoading,
    lexicalNames,
    withOwnStacks,
}) {
    const { JSON, Map, Object, Reflect } = realm;
    const { apply } = Reflect;
    const { getOwnPropertyDescriptor, hasOwn } = Object;
    const { set } = primordials.Map;
    const { has } = primordials.Set;
    const { stringify } = JSON;
    const { valueOf } = parts.expressions({ realm, primordials, parts });
    const MILLISECONDS = 100;
    const MOST = 500; // characters of the line
    let pending = null;

    function preview(kernel, request) {
        const text = computedBy(request, (value) => oneLine(value, MOST)) ?? null;
        kernel.async();
        kernel.text(`noderepl:${stringify({ __proto__: null, kind: "preview", text })}`);
    }

    // Returns what `use` returns for the value of an expression, undefined if there is no value.
    function computedBy({ tree, names }, use) {
        const variables = new Map();
        try {
            for (let index = 0; index < names.length; index++) {
                const thunk = variable(names[index]);
                if (thunk !== undefined) {
                    set(variables, names[index], { __proto__: null, value: thunk() });
                }
            }
            const asked = { __proto__: null, tree, variables, use, found: undefined };
            pending = asked;
            const how = { silent: true, timeout: MILLISECONDS };
            withOwnStacks(() => post("Runtime.evaluate", { ...how, expression: `${name}.computed()` }, () => {}));
            return asked.found;
        } catch {
            return undefined; // a name has no value
        } finally {
            pending = null;
        }
    }

    // Returns a function that returns the value, undefined if there is none that may be read.
    function variable(word) {
        if (has(lexicalNames(), word)) {
            return thunkOf(word);
        }
        const descriptor = getOwnPropertyDescriptor(realm, word);
        if (descriptor === undefined || hasOwn(descriptor, "value")) {
            return descriptor && (() => descriptor.value);
        }
        return isLoading(descriptor.get) ? () => apply(descriptor.get, realm, []) : undefined;
    }

    function computed() {
        try {
            pending.found = pending.use(valueOf(pending.tree, pending.variables));
        } catch {
            // The value may not be shown, or there is no request.
        }
    }

    return { preview, computed, computedBy };
});

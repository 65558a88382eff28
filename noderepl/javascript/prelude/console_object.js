// One console for all snippets, as in Node.js: the kernel creates one for each, without the methods that a package has
// wrapped in the previous one.
(function consoleObject({ realm, streams, table }) {
    const { Object, Reflect } = realm;
    const { getOwnPropertyDescriptor, keys } = Object;
    const { defineProperty, ownKeys } = Reflect;
    const { isArray } = realm.Array;
    const nodes = realm.require("console"); // it has methods that a Console lacks
    const methods = [];
    const given = { __proto__: null }; // the streams that the prelude has given the console
    let kept; // the console of the first snippet
    let replaced; // what a snippet has put in its place

    // Replaces the kernel's new console by the first one.
    function begin() {
        const found = getOwnPropertyDescriptor(realm, "console");
        const made = found?.value;
        if (typeof made !== "object" || made === null) {
            return; // a snippet has defined one that the kernel cannot replace
        }
        if (kept === undefined) {
            take(made);
        }
        const value = replaced ?? kept;
        if (made !== value) {
            defineProperty(realm, "console", { __proto__: null, ...found, value });
        }
        restore();
        write("_stdout", streams.stdout);
        write("_stderr", streams.stderr);
    }

    // Remembers what a snippet has put in its place; the kernel replaces it.
    function end() {
        const found = getOwnPropertyDescriptor(realm, "console");
        replaced = typeof found?.value !== "object" || found.value === kept ? undefined : (found.value ?? undefined);
    }

    // A stream that a snippet has given the console stays.
    function write(key, value) {
        const found = getOwnPropertyDescriptor(kept, key);
        if (found !== undefined && (given[key] === undefined || found.value === given[key])) {
            defineProperty(kept, key, { __proto__: null, ...found, value });
            given[key] = value;
        }
    }

    // console.table() fits the client's terminal, if output is shown on one.
    function fitTables(console) {
        const found = getOwnPropertyDescriptor(console, "table");
        const original = found?.value;
        if (typeof original !== "function") {
            return;
        }
        const fitting = {
            table(data, properties) {
                const { columns, isTTY } = console._stdout === streams.stdout ? streams.stdout : {};
                if (isTTY !== true || (properties !== undefined && !isArray(properties))) {
                    return original(data, properties);
                }
                const colors = streams.stdout.getColorDepth?.() > 2;
                const how = { columns, all: false, names: properties ?? null, colors };
                const text = table.describe(data, how, "%table --all VALUE");
                return text === undefined ? original(data, properties) : console.log(text);
            },
        };
        defineProperty(console, "table", { __proto__: null, ...found, value: fitting.table });
    }

    function take(console) {
        kept = console;
        fitTables(console);
        for (const key of keys(nodes)) {
            if (!(key in console)) {
                defineProperty(console, key, getOwnPropertyDescriptor(nodes, key));
            }
        }
        for (const key of ownKeys(console)) {
            const was = getOwnPropertyDescriptor(console, key);
            if (typeof was.value === "function") {
                methods.push({ key, was });
            }
        }
    }

    function restore() {
        for (let index = 0; index < methods.length; index++) {
            const { key, was } = methods[index];
            const now = getOwnPropertyDescriptor(kept, key);
            if (now === undefined || (now.get === undefined && typeof now.value !== "function")) {
                defineProperty(kept, key, was);
            }
        }
    }

    return { begin, end };
});

// One console for all snippets, as in Node.js: the kernel creates one for each, without the methods that a package has
// wrapped in the previous one.
(function consoleObject({ realm }) {
    const { Object, Reflect } = realm;
    const { getOwnPropertyDescriptor } = Object;
    const { defineProperty, ownKeys } = Reflect;
    const STREAMS = ["_stdout", "_stderr"];
    const methods = [];
    let kept; // the console of the first snippet

    // Replaces the kernel's new console by the first one, which gets the streams of the new one.
    function keep() {
        const found = getOwnPropertyDescriptor(realm, "console");
        const made = found?.value;
        if (typeof made !== "object" || made === null) {
            return; // a snippet has defined one that the kernel cannot replace
        }
        if (kept === undefined) {
            take(made);
        } else if (made !== kept) {
            for (let index = 0; index < STREAMS.length; index++) {
                const stream = getOwnPropertyDescriptor(made, STREAMS[index]);
                defineProperty(kept, STREAMS[index], { __proto__: null, ...stream });
            }
            defineProperty(realm, "console", { __proto__: null, ...found, value: kept });
        }
        restore();
    }

    function take(console) {
        kept = console;
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

    return { keep };
});

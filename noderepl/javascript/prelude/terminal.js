// process.stdout and process.stderr as the streams of the user's terminal, while the client shows output on one; it
// follows the sequences that the methods below write.
//
// shownOn: null, or {"columns", "rows", "environment": {name: text, or null for an unset variable}}.
(function terminal({ realm, primordials }) {
    const { Reflect, process } = realm;
    const { EventEmitter } = realm.require("events");
    const { syncBuiltinESMExports } = realm.require("module");
    const tty = realm.require("tty");
    const { defineProperty, deleteProperty, ownKeys } = Reflect;
    const { nextTick } = process;
    const emit = primordials.uncurried(EventEmitter.prototype.emit);
    const { isatty } = tty;
    const added = { __proto__: null, isTTY: true };
    for (const name of [
        "clearLine",
        "clearScreenDown",
        "cursorTo",
        "getColorDepth",
        "getWindowSize",
        "hasColors",
        "moveCursor",
    ]) {
        added[name] = tty.WriteStream.prototype[name];
    }
    const sizes = new realm.WeakMap(); // of the terminal, as each stream knows it
    const sizeOf = (stream) => primordials.WeakMap.get(sizes, stream);
    const before = { __proto__: null }; // the variables of the session itself
    const given = { __proto__: null }; // what the prelude has set instead
    let isOn = false;

    tty.isatty = (fd) => (isOn && (fd === 0 || fd === 1 || fd === 2)) || isatty(fd);
    syncBuiltinESMExports();

    // Before a snippet.
    function begin(shownOn, { stdout, stderr }) {
        isOn = shownOn !== null;
        const environment = isOn ? shownOn.environment : before;
        const names = ownKeys(environment);
        for (let index = 0; index < names.length; index++) {
            setVariable(names[index], environment[names[index]] ?? undefined);
        }
        const change = isOn ? dress : undress;
        change(stdout, shownOn);
        change(stderr, shownOn);
    }

    // A variable that a snippet has set stays.
    function setVariable(name, value) {
        const found = process.env[name];
        if (!(name in before)) {
            before[name] = found;
        } else if (found !== given[name]) {
            return;
        }
        given[name] = value;
        if (value === undefined) {
            deleteProperty(process.env, name);
        } else if (found !== value) {
            process.env[name] = value;
        }
    }

    function dress(stream, { columns, rows }) {
        const size = sizeOf(stream);
        if (size !== undefined && size.columns === columns && size.rows === rows) {
            return;
        }
        primordials.WeakMap.set(sizes, stream, { __proto__: null, columns, rows });
        put(stream, "columns", columns);
        put(stream, "rows", rows);
        if (size !== undefined) {
            announce(stream);
            return;
        }
        for (const name in added) {
            put(stream, name, added[name]);
        }
    }

    function undress(stream) {
        if (sizeOf(stream) !== undefined) {
            primordials.WeakMap.set(sizes, stream, undefined);
            for (const name in added) {
                deleteProperty(stream, name);
            }
            deleteProperty(stream, "columns");
            deleteProperty(stream, "rows");
        }
    }

    function announce(stream) {
        try {
            emit(stream, "resize");
        } catch (error) {
            nextTick(() => {
                throw error;
            });
        }
    }

    function put(stream, name, value) {
        defineProperty(stream, name, { __proto__: null, value, configurable: true, enumerable: true, writable: true });
    }

    return { begin };
});

// What the kernel cannot do without, put back where a snippet has made it something quite different: before each snippet
// the kernel writes to the global object, makes functions and properties, and is asked by its listeners. What Node.js calls in
// every turn of the event loop, and for every message, is put back where it is anything else.
(function needed({ realm, name, post, held }) {
    const { Array, Buffer, Function, Object, Promise, Reflect, String, Symbol, process } = realm;
    const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
    const { defineProperty, deleteProperty, ownKeys } = Reflect;
    const { EventEmitter } = realm.require("events");
    const { Readable, Transform } = realm.require("stream");
    const { StringDecoder } = realm.require("string_decoder");
    const { includes } = held.Array;
    const on = held.uncurried(EventEmitter.prototype.on);
    const listeners = held.uncurried(EventEmitter.prototype.listeners);
    const NAMES = ["Boolean", "Buffer", "Error", "Object", "Promise", "String", "global", "globalThis", "process"];
    const FIXED = ["Boolean", "Object"]; // also another function in their place is too much
    // In the way of every property that is defined, of what is sent and of what is awaited.
    const ODD = ["get", "set", "value", "writable", "toJSON", "then"];
    const STATE = ["_exiting", "connected"]; // of the process; nothing comes or goes where these are other than they were
    const state = { __proto__: null };
    const PROBE = Symbol("noderepl");
    const values = { __proto__: null };
    const methods = []; // isFixed: also another function in its place is too much
    const listening = [];

    for (const word of NAMES) {
        values[word] = realm[word];
    }
    for (const word of STATE) {
        state[word] = process[word];
    }
    const prototypes = { Array, Buffer, Object, Promise, String };
    for (const [word, made] of Object.entries(prototypes)) {
        keep(`${word}.prototype`, made.prototype, ownKeys(made.prototype));
    }
    for (const [word, object] of Object.entries({ Buffer, Object, Promise })) {
        keep(word, object, ownKeys(object));
    }
    keep("process", process, ["send"]);
    keep("process", process, ["nextTick"], true);
    keep("Buffer", Buffer, ["alloc", "from"], true);
    keep("Buffer.prototype", Buffer.prototype, ["utf8Write"], true);
    keep("path", realm.require("path"), ["toNamespacedPath"], true);
    keep("Object", Object, ["create", "defineProperty", "entries"], true);
    keep("Array.prototype", Array.prototype, ["pop"], true);
    keep("EventEmitter.prototype", EventEmitter.prototype, ["on", "once", "removeListener", "listenerCount"], true);
    keep("Readable.prototype", Readable.prototype, ["on", "read", "removeListener", "resume"], true);
    keep("Transform.prototype", Transform.prototype, ["_read"], true);
    keep("StringDecoder.prototype", StringDecoder.prototype, ["write"], true);
    const emitters = [kept("process", process, "emit"), kept("EventEmitter.prototype", EventEmitter.prototype, "emit")];
    let isHeard;
    process.on(PROBE, () => (isHeard = true));
    keep("Function.prototype", Function.prototype, ["apply", "bind", "call"], true);
    keep("Array.prototype", Array.prototype, [Symbol.iterator], true);
    const iterator = getPrototypeOf([][Symbol.iterator]());
    keep("the iterator of arrays", iterator, ["next"], true);
    keep("the iterator of arrays", getPrototypeOf(iterator), [Symbol.iterator], true);
    for (const event of process.eventNames()) {
        listening.push(...process.listeners(event).map((listener) => [event, listener]));
    }

    function keep(title, object, keys, isFixed = false) {
        for (const key of keys) {
            const { get } = getOwnPropertyDescriptor(object, key) ?? {};
            if (get === undefined && typeof object[key] === "function") {
                methods.push(kept(title, object, key, isFixed));
            }
        }
    }

    function kept(title, object, key, isFixed = true) {
        const shown = typeof key === "symbol" ? `${title}[${key.description}]` : `${title}.${key}`;
        return { object, key, shown, was: getOwnPropertyDescriptor(object, key), isFixed };
    }

    // The names of what it has put back. declarations: of the snippet, which hide a property from the kernel too.
    function restore(declarations) {
        const restored = [];
        const note = (shown) => (restored[restored.length] = shown);
        for (let index = 0; index < ODD.length; index++) {
            const isThere = getOwnPropertyDescriptor(Object.prototype, ODD[index]) !== undefined;
            if (isThere && deleteProperty(Object.prototype, ODD[index])) {
                note(`Object.prototype.${ODD[index]}`);
            }
        }
        restoreMethods(methods, note);
        for (let index = 0; index < NAMES.length; index++) {
            if (isOther(NAMES[index], declarations)) {
                note(NAMES[index]);
            }
        }
        for (let index = 0; index < listening.length; index++) {
            const event = listening[index][0];
            if (!includes(listeners(process, event), listening[index][1])) {
                on(process, event, listening[index][1]);
            }
        }
        if (!areEventsHeard()) {
            restoreMethods(emitters, note);
        }
        for (let index = 0; index < STATE.length; index++) {
            if (process[STATE[index]] !== state[STATE[index]]) {
                process[STATE[index]] = state[STATE[index]];
                note(`process.${STATE[index]}`);
            }
        }
        return restored;
    }

    function restoreMethods(list, note) {
        for (let index = 0; index < list.length; index++) {
            if (isBroken(list[index]) && putBack(list[index])) {
                note(list[index].shown);
            }
        }
    }

    // A function in place of emit() may be a package's, which passes on what it is given.
    function areEventsHeard() {
        isHeard = false;
        try {
            process.emit(PROBE);
        } catch {
            // Nor are they.
        }
        return isHeard;
    }

    function isBroken({ object, key, was, isFixed }) {
        const now = getOwnPropertyDescriptor(object, key);
        if (isFixed) {
            return now?.value !== was?.value;
        }
        return now === undefined ? was !== undefined : now.get === undefined && typeof now.value !== "function";
    }

    function putBack({ object, key, was }) {
        return was === undefined ? deleteProperty(object, key) : defineProperty(object, key, was);
    }

    // Whether a global name means something else; puts it back as well.
    function isOther(word, declarations) {
        const type = typeof values[word];
        const isChanged = includes(FIXED, word) && realm[word] !== values[word];
        if (isChanged || typeof realm[word] !== type || realm[word] === null) {
            realm[word] = values[word];
            return true;
        }
        return isDeclared(word, declarations) && isHidden(word, type);
    }

    function isDeclared(word, declarations) {
        for (let index = 0; index < declarations.length; index++) {
            if (includes(declarations[index].names, word)) {
                return true;
            }
        }
        return false;
    }

    function isHidden(word, type) {
        const expression = `typeof ${word} !== "${type}" && ((${word} = ${name}.needed.${word}), true)`;
        let hidden = false;
        post("Runtime.evaluate", { expression, silent: true }, (_, { result }) => (hidden = result.value === true));
        return hidden;
    }

    return { restore, values };
});

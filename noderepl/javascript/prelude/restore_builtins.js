// Restores built-ins that the kernel and Node.js call between two snippets, if they are missing or cannot be called any
// more. Another function in their place stays, because packages wrap or replace built-ins: tracing wraps emit(), fake
// timers replace nextTick(). Missing listeners of the kernel and of Node.js are restored.
(function restoreBuiltins({ realm, name, post, primordials }) {
    const { Array, Buffer, Function, Object, Promise, Reflect, String, Symbol, process } = realm;
    const { entries, getOwnPropertyDescriptor, getPrototypeOf } = Object;
    const { defineProperty, deleteProperty, ownKeys } = Reflect;
    const { EventEmitter } = realm.require("events");
    const { Readable, Transform } = realm.require("stream");
    const { StringDecoder } = realm.require("string_decoder");
    const { includes } = primordials.Array;
    const on = primordials.uncurried(EventEmitter.prototype.on);
    const listeners = primordials.uncurried(EventEmitter.prototype.listeners);
    const NAMES = ["Boolean", "Buffer", "Error", "Object", "Promise", "String", "global", "globalThis", "process"];
    const values = { __proto__: null };
    const methods = [];
    const listening = [];

    for (const word of NAMES) {
        values[word] = realm[word];
    }
    for (const [word, object] of entries({ Buffer, Object, Promise })) {
        keep(word, object);
    }
    for (const [word, made] of entries({ Array, Buffer, Function, Object, Promise, String })) {
        keep(`${word}.prototype`, made.prototype);
    }
    for (const [word, made] of entries({ EventEmitter, Readable, Transform, StringDecoder })) {
        keep(`${word}.prototype`, made.prototype);
    }
    const iterator = getPrototypeOf([][Symbol.iterator]());
    keep("the iterator of arrays", iterator);
    keep("the iterator of arrays", getPrototypeOf(iterator));
    keep("path", realm.require("path"), ["toNamespacedPath"]);
    keep("process", process, ["emit", "nextTick", "send"]);
    for (const event of process.eventNames()) {
        listening.push(...process.listeners(event).map((listener) => [event, listener]));
    }

    function keep(title, object, keys = ownKeys(object)) {
        for (const key of keys) {
            const was = getOwnPropertyDescriptor(object, key);
            if (was?.get === undefined && typeof object[key] === "function") {
                const shown = typeof key === "symbol" ? `${title}[${key.description}]` : `${title}.${key}`;
                methods.push({ object, key, shown, was });
            }
        }
    }

    // Returns the names of what it restored. declarations: of the snippet, which hide a property from the kernel too.
    function restore(declarations) {
        const restored = [];
        for (let index = 0; index < methods.length; index++) {
            if (isBroken(methods[index]) && putBack(methods[index])) {
                restored[restored.length] = methods[index].shown;
            }
        }
        for (let index = 0; index < NAMES.length; index++) {
            if (isOther(NAMES[index], declarations)) {
                restored[restored.length] = NAMES[index];
            }
        }
        for (let index = 0; index < listening.length; index++) {
            const event = listening[index][0];
            if (!includes(listeners(process, event), listening[index][1])) {
                on(process, event, listening[index][1]);
            }
        }
        return restored;
    }

    // An inherited method is broken only if another property hides it.
    function isBroken({ object, key, was }) {
        const now = getOwnPropertyDescriptor(object, key);
        return now === undefined ? was !== undefined : now.get === undefined && typeof now.value !== "function";
    }

    function putBack({ object, key, was }) {
        return was === undefined ? deleteProperty(object, key) : defineProperty(object, key, was);
    }

    // Returns whether a global name has a value of another type; restores it too.
    function isOther(word, declarations) {
        const type = typeof values[word];
        if (typeof realm[word] !== type || realm[word] === null) {
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

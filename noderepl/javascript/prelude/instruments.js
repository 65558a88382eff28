// Code that a magic sends with its request (../instruments) instead of with the prelude: a function of `tools`. Its
// result has report(), whose value goes into the answer as a text of JSON; and if it measures a snippet, begin(), which
// is called before the evaluation, or measured(body), which calls the snippet as a function.
//
// tools: what it may use of the prelude, and `store`, an object that stays from request to request.
(function instruments({ realm, name, tools, current }) {
    const { Array, JSON, Map, Number, Object, Reflect, Set, Symbol, WeakMap, process, require } = realm;
    const { getOwnPropertyDescriptor, getOwnPropertySymbols, getPrototypeOf, keys, setPrototypeOf } = Object;
    const { clearImmediate, clearTimeout, setImmediate, setTimeout } = require("timers");
    const timeout = setTimeout(() => {}, 0);
    const immediate = setImmediate(() => {});
    clearTimeout(timeout);
    clearImmediate(immediate);
    const timers = { __proto__: null, clearImmediate, clearTimeout };
    timers.Timeout = getPrototypeOf(timeout);
    timers.Immediate = getPrototypeOf(immediate);
    const { post, valueOf } = tools;
    const { stringify } = JSON;
    const types = require("util/types");
    const store = { __proto__: null };
    // Snippets may have replaced these at the time of a request.
    const natives = { __proto__: null, Array, Map, Number, Object, Set, WeakMap, require, stringify };
    natives.getOwnPropertyDescriptor = getOwnPropertyDescriptor;
    natives.getOwnPropertyNames = Object.getOwnPropertyNames;
    natives.activeResources = process.getActiveResourcesInfo.bind(process);
    natives.getOwnPropertySymbols = getOwnPropertySymbols;
    natives.getPrototypeOf = getPrototypeOf;
    natives.isArray = Array.isArray;
    natives.apply = Reflect.apply;
    natives.deleteProperty = Reflect.deleteProperty;
    natives.set = Reflect.set;
    natives.tag = Symbol.toStringTag;
    const all = { ...tools, __proto__: null, natives, name, types, timers, bare, instances, store };
    let lent;

    function made(instrument, request) {
        return instrument?.({ ...all, __proto__: null, request });
    }

    // Returns all objects of the session with this prototype, after a garbage collection.
    function instances(prototype) {
        const objectGroup = "instrument";
        let found;
        lent = prototype;
        post("Runtime.evaluate", { expression: `${name}.lent()`, objectGroup }, (_, { result }) => {
            post("Runtime.queryObjects", { prototypeObjectId: result.objectId, objectGroup }, (failure, answer) => {
                found = failure ? undefined : valueOf(answer.objects);
            });
        });
        lent = undefined;
        post("Runtime.releaseObjectGroup", { objectGroup });
        return found ?? [];
    }

    // Answers a request that runs no snippet.
    function ask(kernel, request, instrument) {
        kernel.async();
        const report = reported(made(instrument, request));
        kernel.text(`noderepl:${stringify({ __proto__: null, kind: "report", report })}`);
    }

    // A report that fails must not cost the answer of the snippet.
    function reported(instrument) {
        try {
            const value = instrument?.report();
            return value === undefined ? undefined : stringify(bare(value));
        } catch {
            return undefined;
        }
    }

    // Removes prototypes, so that stringify() calls no toJSON of the user.
    function bare(value) {
        if (typeof value === "object" && value !== null) {
            const names = keys(value);
            for (let index = 0; index < names.length; index++) {
                bare(value[names[index]]);
            }
            setPrototypeOf(value, null);
        }
        return value;
    }

    return { made, reported, ask, api: { lent: () => lent, measured: (body) => current().instrument.measured(body) } };
});

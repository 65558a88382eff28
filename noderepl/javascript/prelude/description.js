// What the session knows of the value of an expression, for `expr?`. It is sent with its request (completion.js), so
// that the prelude stays small. Nothing of a snippet runs: no getter, no trap of a proxy, no toString().
//
// description(tools, parts)(kernel, request, root, steps, made) answers with {"kind": "description", …}; the
// fields are those of Found in ../descriptions.py.
//   request: {"name": of the variable that the expression begins with, or "", "specifier": of the module that a snippet
//     has bound the name to, or ""}
//   root(): returns the value that the expression begins with. It is a name, a literal, or `new` with literals.
//   steps: [["key", key] | ["call", method, argument], …]. made(): the class behind `new`, or null.
(function description(tools, parts) {
    const declarationFiles = parts.declaration_files(tools);
    const locationOf = parts.function_locations(tools);
    const builtinName = parts.builtin_names(tools);
    const { realm, primordials, lexicalNames, isLoading, makers, getBuiltinModule } = tools;
    const { classOf, descriptorOf, keysOf, preview, sourceOf, typeOf, attempt } = tools;
    const { getPrototypeOf, setPrototypeOf, getOwnPropertyNames, builtinModules, isProxy, stringify } = tools;
    const { includes: isIn, push } = primordials.Array;
    const { exec } = primordials.RegExp;
    const { has } = primordials.Set;
    const { get } = primordials.Map;
    const { indexOf, lastIndexOf, slice: sliceText, startsWith } = primordials.String;
    const { isModuleNamespaceObject, isMap, isAsyncFunction, isGeneratorFunction } = getBuiltinModule("util/types");
    const { fileURLToPath } = getBuiltinModule("url");
    const MOST_SOURCE = 200000; // characters
    const MOST_BEFORE = 8000; // characters before a function in its file
    const MOST_NAMES = 200;
    const TRIED = 10; // members of a module of which one may say where it is from
    const NATIVE = /\{\s*\[native code\]\s*\}$/;
    const NAMED = /^function [^(]/; // as all of the engine, and no bound function
    const SNIPPET = /^repl-(\d+)$/;
    const CONSTANTS = ["undefined", "NaN", "Infinity"]; // cannot be changed
    const SAFE_GETTERS = ["size", "length", "byteLength", "description"]; // of the engine: they read no property
    const { prototype: functionPrototype } = realm.Function;

    function isFunction(value) {
        return typeof value === "function" && !isProxy(value);
    }

    function isObject(value) {
        return (typeof value === "object" && value !== null) || typeof value === "function";
    }

    function isNative(value) {
        return isFunction(value) && exec(NATIVE, sourceOf(value)) !== null;
    }

    // Whether it is a function of the engine, so that a call runs no function of a snippet.
    function isEngines(value) {
        return isNative(value) && exec(NAMED, sourceOf(value)) !== null;
    }

    function dataOf(object, key) {
        return isProxy(object) ? undefined : descriptorOf(object, key)?.value;
    }

    // Returns the property that an owner has or inherits.
    function property(owner, key) {
        let object = typeof owner === "object" || typeof owner === "function" ? owner : tools.Object(owner);
        for (; object !== null; object = getPrototypeOf(object)) {
            if (isProxy(object)) {
                return { __proto__: null, state: "proxy" };
            }
            const descriptor = descriptorOf(object, key);
            if (descriptor !== undefined) {
                return taken(descriptor, owner, key);
            }
            if (isModuleNamespaceObject(object) && isIn(getOwnPropertyNames(object), key)) {
                return { __proto__: null, state: "unready" };
            }
        }
        return { __proto__: null, state: key === "stack" ? "code" : "missing" };
    }

    function taken({ get: getter, set: setter, value }, owner, key) {
        if (getter === undefined && setter === undefined) {
            return { __proto__: null, state: "found", value };
        }
        if (owner === realm && isIn(builtinModules, key) && exec(/^node:/, locationOf(getter)?.url ?? "") !== null) {
            return { __proto__: null, state: "found", value: getBuiltinModule(key) };
        }
        const isSafe = isLoading(getter) || (isIn(SAFE_GETTERS, key) && isEngines(getter));
        const outcome = isSafe ? attempt(() => [primordials.uncurried(getter)(owner)]) : undefined;
        return outcome === undefined
            ? { __proto__: null, state: "accessor", getter: getter ?? setter }
            : { __proto__: null, state: "found", value: outcome[0], getter };
    }

    // Returns the last step: its state, its value, and the value that it was read from.
    function walked(request, root, steps, made) {
        let step = first(request, root, made);
        for (let index = 0; index < steps.length && step.state === "found"; index++) {
            const { 0: kind, 1: key, 2: argument } = steps[index];
            const owner = step.value;
            if (owner === undefined || owner === null) {
                return { __proto__: null, state: "nothing", at: key, owner };
            }
            if (isProxy(owner)) {
                return { __proto__: null, state: "proxy", at: key, owner };
            }
            step = kind === "key" ? property(owner, key) : called(owner, key, argument);
            step.at = key;
            step.owner = owner;
        }
        return step;
    }

    function first({ name }, root, made) {
        if (name !== "" && !has(lexicalNames(), name)) {
            const step = property(realm, name);
            step.at = name;
            step.state = step.state === "missing" ? "unknown" : step.state;
            return step;
        }
        if (made !== null) {
            const by = attempt(made);
            if (!isEngines(by) && exec(/^node:/, locationOf(by)?.url ?? "") === null) {
                return { __proto__: null, state: "code", at: "new" };
            }
        }
        const outcome = attempt(() => [root()]);
        return outcome === undefined
            ? { __proto__: null, state: "unready", at: name }
            : { __proto__: null, state: "found", value: outcome[0], at: name };
    }

    // A call that runs nothing of a snippet.
    function called(owner, method, argument) {
        if (method === "get" && isMap(owner) && isNative(property(owner, "get").value)) {
            return { __proto__: null, state: "found", value: get(owner, argument) };
        }
        const { length } = isObject(owner) ? { length: dataOf(owner, "length") } : owner;
        if (method === "at" && typeof argument === "number" && isNative(property(owner, "at").value)) {
            const step = property(owner, argument < 0 ? length + argument : argument);
            return step.state === "missing" ? { __proto__: null, state: "found", value: undefined } : step;
        }
        return { __proto__: null, state: "code" };
    }

    // The text before a function in its file, in which its comment is.
    function before(source, { text, line }) {
        let offset = 0;
        for (let number = 1; number < line && offset >= 0; number++) {
            offset = indexOf(text, "\n", offset) + 1;
        }
        const inside = indexOf(text, "\n", offset);
        const at = lastIndexOf(text, source, inside < 0 ? text.length : inside);
        const start = at < 0 ? indexOf(text, source, offset) : at;
        return start < 0 ? "" : sliceText(text, start > MOST_BEFORE ? start - MOST_BEFORE : 0, start);
    }

    // What the value is: a function with its text, a class with its members, an object with its keys.
    function shape(value) {
        if (isFunction(value)) {
            const source = sourceOf(value);
            const prototype = dataOf(value, "prototype");
            const isClass = startsWith(typeOf(value), "class");
            const parent = getPrototypeOf(value);
            return {
                __proto__: null,
                name: textOf(dataOf(value, "name")),
                source: isNative(value) ? "" : sliceText(source, 0, MOST_SOURCE),
                arity: dataOf(value, "length"),
                is_async: isAsyncFunction(value),
                is_generator: isGeneratorFunction(value),
                extends:
                    isClass && parent !== functionPrototype && isFunction(parent) ? textOf(dataOf(parent, "name")) : "",
                statics: own(value, ["length", "name", "prototype", "arguments", "caller"]),
                members: isObject(prototype) && !isProxy(prototype) ? own(prototype, ["constructor"]) : own(null),
            };
        }
        return { __proto__: null, keys: own(isObject(value) && !isProxy(value) ? value : null) };
    }

    // To slice a text, the engine may copy all of it.
    function textOf(value) {
        return typeof value === "string" && value.length <= MOST_SOURCE ? sliceText(value, 0, MOST_NAMES) : "";
    }

    function own(object, except = []) {
        const all = object === null ? [] : keysOf(object);
        const names = [];
        for (let index = 0; index < all.length; index++) {
            if (!isIn(except, all[index])) {
                push(names, all[index]);
            }
        }
        return setPrototypeOf(names, null);
    }

    // The function that says where a value is from: itself, its class, or a member of a module.
    function witness({ state, value, getter }, isModule) {
        if (state === "accessor" || isFunction(value)) {
            return state === "accessor" ? getter : value;
        }
        if (isModule && !isProxy(value)) {
            const names = keysOf(value);
            for (let index = 0; index < names.length && index < TRIED; index++) {
                const member = dataOf(value, names[index]);
                if (isFunction(member) && !isNative(member)) {
                    return member;
                }
            }
            return undefined;
        }
        return isObject(value) && !isProxy(value) ? classFunction(value) : undefined;
    }

    function classFunction(value) {
        const prototype = getPrototypeOf(value);
        const made = prototype === null || isProxy(prototype) ? undefined : dataOf(prototype, "constructor");
        return isFunction(made) && !isNative(made) ? made : undefined;
    }

    // Whether a value is what a module exports.
    function isExports(value) {
        if (!isObject(value) || isProxy(value)) {
            return false;
        }
        if (isModuleNamespaceObject(value)) {
            return true;
        }
        const cache = getBuiltinModule("module").Module._cache;
        const names = isProxy(cache) ? [] : getOwnPropertyNames(cache);
        for (let index = 0; index < names.length; index++) {
            const entry = dataOf(cache, names[index]);
            if (isObject(entry) && dataOf(entry, "exports") === value) {
                return true;
            }
        }
        return false;
    }

    function origin(place) {
        const { url = "", line = 0 } = place ?? {};
        const snippet = exec(SNIPPET, url)?.[1];
        const path = startsWith(url, "file:") ? (attempt(() => fileURLToPath(url)) ?? "") : "";
        return {
            __proto__: null,
            line: line,
            snippet: snippet === undefined ? 0 : +snippet,
            node: startsWith(url, "node:") ? url : "",
            file: path,
        };
    }

    function described(request, root, steps, made) {
        const step = walked(request, root, steps, made);
        const { state, value, at = "", owner } = step;
        const answer = { __proto__: null, kind: "description", state, at: `${at}`, root: request.name };
        const isKnown = state === "found" || state === "accessor";
        if (isObject(owner) && !isProxy(owner)) {
            answer.owner = typeof owner === "function" ? textOf(dataOf(owner, "name")) : classOf(owner);
        }
        if (state === "found") {
            answer.type = typeOf(value);
            answer.is_proxy = isObject(value) && isProxy(value);
            answer.made = isObject(value) && !isProxy(value) && typeof value !== "function" ? classOf(value) : "";
            answer.preview = typeof value === "function" ? "" : preview(value);
            answer.module = isExports(value) || isIn(builtinModules, moduleName(value, request));
            tools.assign(answer, shape(value));
        }
        const by = isKnown ? witness(step, answer.module) : undefined;
        const place = locationOf(by);
        answer.origin = origin(place);
        answer.variable = steps.length === 0 ? (get(makers, request.name) ?? 0) : 0;
        if (place !== undefined && by === value && answer.source) {
            answer.before = before(sourceOf(value), place);
        }
        // A function that stands for one of Node.js has no file.
        const isUsers = by !== undefined && (answer.origin.snippet > 0 || answer.origin.file !== "");
        answer.builtin = isKnown && !(isUsers && by === (step.getter ?? value)) ? nameFor(step, place, request) : "";
        if (isKnown) {
            const names = [answer.at, answer.name ?? ""];
            tools.assign(answer, declarationFiles(answer.origin.file, request.specifier, names));
        }
        return answer;
    }

    function moduleName(value, { name, specifier }) {
        const word = specifier || name;
        return isIn(builtinModules, word) && getBuiltinModule(word) === value ? word : "";
    }

    // The name of a built-in; that of a primitive value comes from what it was read from.
    function nameFor(step, place, request) {
        const { state, value, getter, owner, at } = step;
        const target = state === "found" && isObject(value) ? value : (getter ?? value);
        const whole = moduleName(value, request);
        const found = whole || (isObject(target) ? builtinName(target, place?.url ?? "", request.name) : "");
        if (found !== "" || owner === undefined) {
            return found || (isIn(CONSTANTS, request.name) ? request.name : "");
        }
        const outer = isObject(owner) ? builtinName(owner, "", request.name) : "";
        return outer === "" ? "" : `${outer}.${at}`;
    }

    return (kernel, request, root, steps, made) => {
        const answer = described(request, root, steps, made);
        kernel.async();
        kernel.text(`noderepl:${stringify(answer)}`);
    };
});

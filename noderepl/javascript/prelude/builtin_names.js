// The names of built-in functions and objects, such as `Array.prototype.map` and `fs.readFile`, for description.js.
//
// builtinName(value, url, root) returns the name, or "". url: of the function's script, or "". root: the name that the
// expression begins with.
(function builtinNames(tools) {
    const { realm, primordials, initial, isLoading, builtinModules, getBuiltinModule } = tools;
    const { descriptorOf, getOwnPropertyNames, isProxy, attempt } = tools;
    const { includes: isIn, push } = primordials.Array;
    const { exec } = primordials.RegExp;
    const { get } = primordials.Map;
    const { slice: sliceText, startsWith } = primordials.String;
    const NODE = /^node:(?!internal\/|_)(.*)$/;

    function isObject(value) {
        return (typeof value === "object" && value !== null) || typeof value === "function";
    }

    function dataOf(object, key) {
        return isProxy(object) ? undefined : descriptorOf(object, key)?.value;
    }

    // The name of a built-in function or object, such as `Array.prototype.map` or `fs.readFile`.
    function builtinName(value, url, root) {
        if (!isObject(value) || isProxy(value)) {
            return "";
        }
        const global = nameIn(realm, value, "", initial);
        if (global !== "") {
            return global;
        }
        const own = exec(NODE, url)?.[1];
        const modules = own === undefined ? [] : [own];
        if (isIn(builtinModules, root)) {
            push(modules, root, `${root}/promises`);
        }
        const loaded = realm.process.moduleLoadList ?? [];
        for (let index = 0; index < loaded.length; index++) {
            const word = sliceText(`${dataOf(loaded, index)}`, "NativeModule ".length);
            if (isIn(builtinModules, word) && !startsWith(word, "_") && word !== "sys" && word !== "punycode") {
                push(modules, word);
            }
        }
        for (let index = 0; index < modules.length; index++) {
            const found = attempt(() => inModule(modules[index], value));
            if (found) {
                return found;
            }
        }
        return "";
    }

    function inModule(word, value) {
        const exported = isIn(builtinModules, word) ? getBuiltinModule(word) : undefined;
        return exported === value ? word : exported ? nameIn(exported, value, `${word}.`) : "";
    }

    // Looks at the members of an object, at theirs, and at those of their prototypes.
    function nameIn(object, value, prefix, only) {
        const names = getOwnPropertyNames(object);
        const candidates = [];
        for (let index = 0; index < names.length; index++) {
            const key = names[index];
            const member = only !== undefined && get(only, key) === undefined ? undefined : memberOf(object, key);
            if (member === value) {
                return prefix + key;
            }
            if (isObject(member) && member !== object && !isProxy(member) && key !== "constructor") {
                push(candidates, [key, member]);
            }
        }
        for (let index = 0; index < candidates.length; index++) {
            const { 0: key, 1: member } = candidates[index];
            const prototype = dataOf(member, "prototype");
            const found =
                nameOf(member, value) ?? (isObject(prototype) ? nameOf(prototype, value, "prototype.") : undefined);
            if (found !== undefined) {
                return `${prefix}${key}.${found}`;
            }
        }
        return "";
    }

    function memberOf(object, key) {
        const found = descriptorOf(object, key);
        const isLazy =
            found?.get !== undefined && object === realm && isLoading(found.get) && !isIn(builtinModules, key);
        return isLazy ? attempt(() => primordials.uncurried(found.get)(object)) : found?.value;
    }

    function nameOf(object, value, prefix = "") {
        const names = isProxy(object) ? [] : getOwnPropertyNames(object);
        for (let index = 0; index < names.length; index++) {
            const descriptor = names[index] === "constructor" ? undefined : descriptorOf(object, names[index]);
            if (descriptor !== undefined && (descriptor.value === value || descriptor.get === value)) {
                return prefix + names[index];
            }
        }
        return undefined;
    }

    return builtinName;
});

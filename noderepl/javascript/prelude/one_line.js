// A value on one line, much as util.inspect() shows it. That reads accessors of prototypes, names of proxies and
// stacks; this calls no getter, no trap and no method of a value.
(function one_line({ realm, primordials, lengthOf }) {
    const { Array, BigInt, Date, Function, JSON, Map, Object, RegExp, Set, Symbol, Uint8Array } = realm;
    const { getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, hasOwn, is, keys } = Object;
    const types = realm.require("util/types");
    const { isDate, isMap, isNativeError, isProxy, isRegExp, isSet, isTypedArray } = types;
    const { uncurried } = primordials;
    const { find, includes: isIn, join, map } = primordials.Array;
    const { exec } = primordials.RegExp;
    const { includes, slice } = primordials.String;
    const { isArray } = Array;
    const { asIntN } = BigInt;
    const { stringify } = JSON;
    const getter = (prototype, key) => uncurried(getOwnPropertyDescriptor(prototype, key)?.get ?? (() => false));
    const typedLength = getter(getPrototypeOf(Uint8Array.prototype), "length");
    const mapSize = getter(Map.prototype, "size");
    const setSize = getter(Set.prototype, "size");
    const source = getter(RegExp.prototype, "source");
    const entriesOf = uncurried(Map.prototype.entries);
    const valuesOf = uncurried(Set.prototype.values);
    const nextEntry = uncurried(getPrototypeOf(new Map().entries()).next);
    const nextValue = uncurried(getPrototypeOf(new Set().values()).next);
    const sourceOf = uncurried(Function.prototype.toString);
    const nameOf = uncurried(Symbol.prototype.toString);
    const timeOf = uncurried(Date.prototype.getTime);
    const dateOf = uncurried(Date.prototype.toISOString);
    const FLAGS = ["hasIndices", "global", "ignoreCase", "multiline", "dotAll", "unicode", "unicodeSets", "sticky"];
    const LETTERS = "dgimsuvy";
    const isFlagged = primordials.Array.map(FLAGS, (flag) => getter(RegExp.prototype, flag));
    // Their keys are the indices of a text, which may be long.
    const BOXES = map(["String", "Number", "Boolean", "BigInt", "Symbol"], (type) => ({
        __proto__: null,
        type,
        is: types[`is${type}Object`],
        valueOf: uncurried(realm[type].prototype.valueOf),
    }));
    const MOST = 1000; // characters of a text in it
    const MOST_ITEMS = 100;
    const DEPTH = 2;
    const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;
    const ESCAPES = /\\.|'/g;
    const CLASS = /^class\b/;
    let left = 0; // characters

    // most: characters, after which it is cut.
    function oneLine(value, most) {
        left = most;
        const text = shown(value, []);
        return text.length > most ? `${slice(text, 0, most)}…` : text;
    }

    // above: the objects that contain it.
    function shown(value, above) {
        const text = typeof value === "object" && value !== null ? shownObject(value, above) : shownPrimitive(value);
        left -= text.length;
        return text;
    }

    function shownPrimitive(value) {
        switch (typeof value) {
            case "string":
                return value.length > MOST ? `${quoted(slice(value, 0, MOST))}...` : quoted(value);
            case "bigint":
                return asIntN(2048, value) === value ? `${value}n` : "[BigInt]";
            case "symbol":
                return nameOf(value);
            case "function":
                return shownFunction(value);
            default:
                return is(value, -0) ? "-0" : `${value}`;
        }
    }

    function quoted(text) {
        const json = stringify(text);
        if (includes(text, "'") && !includes(text, '"')) {
            return json;
        }
        const inner = slice(json, 1, -1);
        const single = (found) => (found[0] === "'" ? "\\'" : found[0] === '\\"' ? '"' : found[0]);
        return `'${primordials.replace(inner, ESCAPES, single)}'`;
    }

    function shownFunction(value) {
        if (isProxy(value)) {
            return "[Proxy]";
        }
        const name = dataOf(value, "name");
        const isClass = exec(CLASS, slice(sourceOf(value), 0, 6)) !== null;
        const isNamed = typeof name === "string" && name !== "" && name.length <= MOST_ITEMS;
        return isClass
            ? `[class ${isNamed ? name : "(anonymous)"}]`
            : `[Function${isNamed ? `: ${name}` : " (anonymous)"}]`;
    }

    function shownObject(value, above) {
        if (isProxy(value)) {
            return "[Proxy]";
        }
        if (types.isBoxedPrimitive(value)) {
            const { type, valueOf } = find(BOXES, (one) => one.is(value));
            return `[${type}: ${shownPrimitive(valueOf(value))}]`;
        }
        if (isDate(value)) {
            return timeOf(value) === timeOf(value) ? dateOf(value) : "Invalid Date";
        }
        if (isRegExp(value)) {
            return shownRegExp(value);
        }
        const kind = classOf(value);
        if (isNativeError(value)) {
            const message = dataOf(value, "message");
            return `[${kind}${typeof message === "string" && message !== "" ? `: ${slice(message, 0, MOST)}` : ""}]`;
        }
        if (isIn(above, value)) {
            return "[Circular]";
        }
        if (above.length > DEPTH) {
            return `[${kind === "" ? "Object" : kind}]`;
        }
        above[above.length] = value;
        const text = shownParts(value, kind, above);
        above.length -= 1;
        return text;
    }

    function shownRegExp(value) {
        let flags = "";
        for (let index = 0; index < LETTERS.length; index++) {
            flags += isFlagged[index](value) === true ? LETTERS[index] : "";
        }
        return `/${source(value)}/${flags}`;
    }

    function shownParts(value, kind, above) {
        if (isArray(value) || isTypedArray(value)) {
            const length = isArray(value) ? value.length : typedLength(value);
            const head = kind === "Array" ? "" : `${kind}(${length}) `;
            return bracketed(head, "[", items(value, length, above), "]");
        }
        if (isMap(value)) {
            return bracketed(`${kind}(${mapSize(value)}) `, "{", entries(value, above), "}");
        }
        if (isSet(value)) {
            return bracketed(`${kind}(${setSize(value)}) `, "{", members(value, above), "}");
        }
        const type = types.isModuleNamespaceObject(value) ? "Module" : "Object";
        const head = kind === "Object" ? "" : kind === "" ? `[${type}: null prototype] ` : `${kind} `;
        return bracketed(head, "{", properties(value, above), "}");
    }

    function bracketed(head, open, parts, close) {
        return `${head}${open}${parts.length > 0 ? ` ${join(parts, ", ")} ` : ""}${close}`;
    }

    function isFull(parts) {
        return parts.length >= MOST_ITEMS || left <= 0;
    }

    function more(parts, count) {
        if (count > 0) {
            parts[parts.length] = `... ${count} more item${count > 1 ? "s" : ""}`;
        }
        return parts;
    }

    function items(value, length, above) {
        const parts = [];
        let index = 0;
        for (; index < length && !isFull(parts); index++) {
            const descriptor = getOwnPropertyDescriptor(value, `${index}`);
            parts[parts.length] = descriptor === undefined ? "<empty>" : shownProperty(descriptor, above);
        }
        return more(parts, length - index);
    }

    function entries(value, above) {
        const parts = [];
        const all = entriesOf(value);
        for (let step = nextEntry(all); !step.done && !isFull(parts); step = nextEntry(all)) {
            parts[parts.length] = `${shown(step.value[0], above)} => ${shown(step.value[1], above)}`;
        }
        return more(parts, mapSize(value) - parts.length);
    }

    function members(value, above) {
        const parts = [];
        const all = valuesOf(value);
        for (let step = nextValue(all); !step.done && !isFull(parts); step = nextValue(all)) {
            parts[parts.length] = shown(step.value, above);
        }
        return more(parts, setSize(value) - parts.length);
    }

    function properties(value, above) {
        if (lengthOf(value) === Infinity) {
            return ["..."];
        }
        const isModule = types.isModuleNamespaceObject(value);
        const all = isModule ? getOwnPropertyNames(value) : keys(value);
        const parts = [];
        let index = 0;
        for (; index < all.length && !isFull(parts); index++) {
            const key = all[index];
            const text = exec(PLAIN_KEY, key) === null ? quoted(slice(key, 0, MOST)) : key;
            parts[parts.length] = `${text}: ${isModule ? exported(value, key, above) : part(value, key, above)}`;
        }
        return more(parts, all.length - index);
    }

    function part(value, key, above) {
        const descriptor = key === "stack" ? undefined : getOwnPropertyDescriptor(value, key);
        return descriptor === undefined ? "..." : shownProperty(descriptor, above);
    }

    // A name of a module has no value before the module has run.
    function exported(namespace, key, above) {
        let descriptor;
        try {
            descriptor = getOwnPropertyDescriptor(namespace, key);
        } catch {
            return "<uninitialized>";
        }
        return shownProperty(descriptor, above);
    }

    function shownProperty(descriptor, above) {
        if (hasOwn(descriptor, "value")) {
            return shown(descriptor.value, above);
        }
        const { get, set } = descriptor;
        return get === undefined ? "[Setter]" : set === undefined ? "[Getter]" : "[Getter/Setter]";
    }

    // The name of the class, "" without a prototype.
    function classOf(value) {
        const prototype = getPrototypeOf(value);
        if (prototype === null) {
            return "";
        }
        const made = isProxy(prototype) ? undefined : dataOf(prototype, "constructor");
        const name = typeof made === "function" && !isProxy(made) ? dataOf(made, "name") : undefined;
        return typeof name === "string" && name !== "" && name.length <= MOST_ITEMS ? name : "Object";
    }

    function dataOf(object, key) {
        const descriptor = getOwnPropertyDescriptor(object, key);
        return descriptor !== undefined && hasOwn(descriptor, "value") ? descriptor.value : undefined;
    }

    return { oneLine };
});

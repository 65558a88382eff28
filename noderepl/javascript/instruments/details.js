// Describes one variable, by request.name. It reports {"is_found", "kind", "size", "is_bytes", "value", "is_whole":
// whether `value` is what inspect() shows, otherwise it is on one line, "is_large": whether that is because the value
// has very many parts}. No code of a snippet runs: inspect() gets only objects, arrays, Maps and Sets of the language
// with data in them.
(function details({ natives, primordials, types, inspect, inspection, request }) {
    const { Array, Map, Object, Set, getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, tag } = natives;
    const { getOwnPropertySymbols, isArray } = natives;
    const { filter, includes } = primordials.Array;
    const { slice } = primordials.String;
    const FUNCTIONS = ["length", "name", "prototype", "arguments", "caller"];
    const { add, has } = primordials.Set;
    const MOST = 10000; // objects that are looked at
    const MOST_KEYS = 1000; // of one of them
    const DEEPEST = 100;
    const LONGEST = 1 << 20; // characters
    const SHORT = 2000; // the same, on one line
    const FORMS = [Object, Array, Map, Set];
    // inspect() shows what is inside of these, whatever their prototypes are.
    const EXOTIC = [types.isNativeError, types.isPromise, types.isMapIterator, types.isSetIterator, types.isDate];
    const seen = new Set();
    let left = MOST;
    let isLarge = false; // whether a limit has ended the search

    function report() {
        const { found, isAccessor, value } = inspection.find(request.name);
        if (!found) {
            return {
                is_found: false,
                kind: "",
                size: null,
                is_bytes: false,
                value: "",
                is_whole: true,
                is_large: false,
            };
        }
        const { 0: size, 1: isBytes } = isAccessor ? [null, false] : inspection.sizeOf(value);
        const kind = isAccessor ? "accessor" : inspection.typeOf(value);
        const isShown = typeof value === "function" && !types.isProxy(value) && isBare(value);
        const isWhole = !isAccessor && (isShown || (areFormsIntact() && isPlain(value, request.depth ?? DEEPEST)));
        return {
            is_found: true,
            kind,
            size,
            is_bytes: isBytes,
            value: text(value, isAccessor, isWhole),
            is_whole: isWhole,
            is_large: isLarge,
        };
    }

    function text(value, isAccessor, isWhole) {
        if (isAccessor) {
            return "";
        }
        if (!isWhole || typeof value === "function") {
            return slice(inspection.preview(value, SHORT), 0, LONGEST);
        }
        const how = { __proto__: null, breakLength: request.width, depth: request.depth, customInspect: false };
        return slice(inspect(value, { ...how, maxArrayLength: 100, maxStringLength: 10000 }), 0, LONGEST);
    }

    // Whether a function has no properties that a snippet has added.
    function isBare(value) {
        return (
            (inspection.lengthOf(value) === 0 || refused()) &&
            getOwnPropertySymbols(value).length === 0 &&
            filter(getOwnPropertyNames(value), isAdded).length === 0
        );
    }

    function isAdded(key) {
        return !includes(FUNCTIONS, key);
    }

    // inspect() reads these properties of prototypes.
    function areFormsIntact() {
        for (let index = 0; index < FORMS.length; index++) {
            const { prototype } = FORMS[index];
            const made = getOwnPropertyDescriptor(prototype, "constructor");
            const tagged = getOwnPropertyDescriptor(prototype, tag);
            if (made?.value !== FORMS[index] || (tagged !== undefined && typeof tagged.value !== "string")) {
                return false;
            }
        }
        return true;
    }

    // depth: of the objects that are shown.
    function isPlain(value, depth) {
        if (typeof value === "function") {
            return false;
        }
        if (typeof value !== "object" || value === null || depth < 0 || has(seen, value)) {
            return true;
        }
        left -= 1;
        if (left < 0) {
            return refused();
        }
        if (types.isProxy(value) || !isOfForm(value) || hasOwnSymbols(value)) {
            return false;
        }
        add(seen, value);
        return hasPlainParts(value, depth - 1) && hasPlainEntries(value, depth - 1);
    }

    // The only symbol of a module's namespace is the engine's.
    function hasOwnSymbols(value) {
        return getOwnPropertySymbols(value).length > 0 && !types.isModuleNamespaceObject(value);
    }

    function refused() {
        isLarge = true;
        return false;
    }

    function isOfForm(value) {
        for (let index = 0; index < EXOTIC.length; index++) {
            if (EXOTIC[index](value)) {
                return false;
            }
        }
        const prototype = getPrototypeOf(value);
        if (isArray(value)) {
            return prototype === Array.prototype;
        }
        const { prototype: expected } = types.isMap(value) ? Map : types.isSet(value) ? Set : Object;
        return prototype === expected || (prototype === null && expected === Object.prototype);
    }

    function hasPlainParts(value, depth) {
        if (inspection.lengthOf(value) > MOST_KEYS) {
            return refused();
        }
        const names = getOwnPropertyNames(value);
        if (names.length > MOST_KEYS) {
            return refused();
        }
        for (let index = 0; index < names.length; index++) {
            // Without one, the value is a name of a module that has not run.
            const found = inspection.attempt(() => getOwnPropertyDescriptor(value, names[index])) ?? { value: 0 };
            if (!("value" in found) || !isPlain(found.value, depth)) {
                return false;
            }
        }
        return true;
    }

    function hasPlainEntries(value, depth) {
        let arePlain = true;
        const check = (one, other) => {
            arePlain &&= isPlain(one, depth) && isPlain(other, depth);
        };
        if (types.isMap(value)) {
            inspection.forEachEntry(value, check);
        } else if (types.isSet(value)) {
            primordials.Set.forEach(value, check);
        }
        return arePlain;
    }

    return { report };
});

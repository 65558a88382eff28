// Describes one variable, by request.name. It reports {"is_found", "kind", "size", "is_bytes", "value", "is_whole":
// whether `value` is what inspect() shows, otherwise it is a short form}. No code of a snippet runs: inspect() gets
// only values for which it calls none.
(function details({ natives, primordials, types, inspect, inspection, request }) {
    const { WeakMap, getOwnPropertyDescriptor, getOwnPropertySymbols, getPrototypeOf, isArray, tag } = natives;
    const { slice } = primordials.String;
    const { get, set } = primordials.WeakMap;
    const MOST = 10000; // objects that are looked at
    const LONGEST = 1 << 20; // characters
    const seen = new WeakMap(); // object -> the greatest depth up to which it is plain
    let left = MOST;

    function report() {
        const { found, isAccessor, value } = inspection.find(request.name);
        if (!found) {
            return { is_found: false, kind: "", size: null, is_bytes: false, value: "", is_whole: true };
        }
        const { 0: size, 1: isBytes } = isAccessor ? [null, false] : inspection.sizeOf(value, inspection.keysOf);
        const kind = isAccessor ? "accessor" : inspection.typeOf(value);
        const isWhole = !isAccessor && isPlain(value, request.depth === null ? MOST : request.depth + 1);
        const how = { breakLength: request.width, depth: request.depth, maxArrayLength: 100, maxStringLength: 10000 };
        const text = isWhole
            ? inspect(value, { __proto__: null, ...how, customInspect: false })
            : isAccessor
              ? ""
              : inspection.preview(value);
        return { is_found: true, kind, size, is_bytes: isBytes, value: slice(text, 0, LONGEST), is_whole: isWhole };
    }

    // Returns whether inspect() runs no code of a snippet for a value. depth: of the objects that it shows.
    function isPlain(value, depth) {
        const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
        if (!isObject || depth < 0 || get(seen, value) >= depth) {
            return true;
        }
        left -= 1;
        // The stack of an error is made by a snippet's function.
        if (left < 0 || types.isProxy(value) || types.isNativeError(value) || !isPlainType(value)) {
            return false;
        }
        set(seen, value, depth);
        return hasPlainParts(value, depth - 1);
    }

    // inspect() reads these of an object and its prototypes: they must not be accessors of a snippet.
    function isPlainType(value) {
        for (let object = value; object !== null; object = getPrototypeOf(object)) {
            if (types.isProxy(object) || types.isNativeError(object) || !isData(object, tag)) {
                return false;
            }
            const made = getOwnPropertyDescriptor(object, "constructor");
            if (made !== undefined && !("value" in made && isNamed(made.value))) {
                return false;
            }
        }
        return typeof value !== "function" || isNamed(value);
    }

    function isNamed(made) {
        return typeof made !== "function" || (!types.isProxy(made) && isData(made, "name") && isData(made, tag));
    }

    // Getters of the engine, such as that of typed arrays, are no code of a snippet.
    function isData(object, key) {
        const found = getOwnPropertyDescriptor(object, key);
        return found === undefined || "value" in found || inspection.isEngines(found.get);
    }

    function hasPlainParts(value, depth) {
        if (types.isMap(value) || types.isSet(value)) {
            return hasPlainEntries(value, depth);
        }
        const names = inspection.keysOf(value);
        const symbols = getOwnPropertySymbols(value);
        const count = isArray(value) && value.length < 100 ? value.length : isArray(value) ? 100 : 0;
        for (let index = 0; index < names.length + symbols.length + count; index++) {
            const inNames = index - count;
            const key =
                inNames < 0 ? `${index}` : inNames < names.length ? names[inNames] : symbols[inNames - names.length];
            const found = getOwnPropertyDescriptor(value, key);
            if (found?.enumerable && "value" in found && !isPlain(found.value, depth)) {
                return false;
            }
        }
        return true;
    }

    function hasPlainEntries(value, depth) {
        let arePlain = hasPlainNames(value, depth);
        const check = (one, other) => {
            arePlain &&= isPlain(one, depth) && isPlain(other, depth);
        };
        (types.isMap(value) ? inspection.forEachEntry : primordials.Set.forEach)(value, check);
        return arePlain;
    }

    function hasPlainNames(value, depth) {
        const names = inspection.keysOf(value);
        for (let index = 0; index < names.length; index++) {
            if (!isPlain(getOwnPropertyDescriptor(value, names[index])?.value, depth)) {
                return false;
            }
        }
        return true;
    }

    return { report };
});

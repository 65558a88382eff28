// The size of a value: its elements, entries, keys or characters, or its bytes. No code of a snippet runs.
(function sizes({ realm, primordials }) {
    const { ArrayBuffer, Array, Map, Object, Set, SharedArrayBuffer, Uint8Array, WeakSet } = realm;
    const { isArray } = Array;
    const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn, keys } = Object;
    const types = realm.require("util/types");
    const every = primordials.uncurried(Array.prototype.every);
    const FEW = 1000;
    const MANY = 300_000;
    const large = new WeakSet(); // objects with very many keys
    const add = primordials.uncurried(WeakSet.prototype.add);
    const has = primordials.uncurried(WeakSet.prototype.has);
    const SAMPLES = [1000, 10_000, 100_000];
    const entries = getter(Map.prototype, "size");
    const members = getter(Set.prototype, "size");
    const bytes = getter(ArrayBuffer.prototype, "byteLength");
    const sharedBytes = getter(SharedArrayBuffer.prototype, "byteLength");
    const viewLength = getter(getPrototypeOf(Uint8Array.prototype), "length");
    const viewBytes = getter(getPrototypeOf(Uint8Array.prototype), "byteLength");

    function getter(prototype, key) {
        return primordials.uncurried(getOwnPropertyDescriptor(prototype, key).get);
    }

    // The number of indices of a value that is no proxy; Infinity for an object with very many keys. Nothing can stop
    // the engine when it lists millions of them; `for in` takes a quarter of the time of getOwnPropertyNames().
    function lengthOf(value) {
        const isText = typeof value === "string" || types.isStringObject(value);
        const length = types.isTypedArray(value) ? viewLength(value) : isText || isArray(value) ? value.length : 0;
        const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
        return isObject && length <= FEW && hasMany(value) ? Infinity : length;
    }

    function hasMany(value) {
        if (has(large, value)) {
            return true;
        }
        const isLarge = every(SAMPLES, (index) => hasOwn(value, index)) || (hasNoProxy(value) && isLong(value));
        if (isLarge) {
            add(large, value);
        }
        return isLarge;
    }

    function isLong(value) {
        let count = 0;
        for (const key in value) {
            count += 1;
            if (count > MANY) {
                return key !== undefined;
            }
        }
        return false;
    }

    // `for in` calls the traps of a proxy among the prototypes.
    function hasNoProxy(value) {
        let object = value;
        while (object !== null && !types.isProxy(object)) {
            object = getPrototypeOf(object);
        }
        return object === null;
    }

    // Returns [number, whether it is bytes]; the number is null for a value without a size.
    function sizeOf(value) {
        if (typeof value === "string") {
            return [value.length, false];
        }
        if (typeof value !== "object" || value === null || types.isProxy(value)) {
            return [null, false];
        }
        if (types.isAnyArrayBuffer(value)) {
            return [(types.isArrayBuffer(value) ? bytes : sharedBytes)(value), true];
        }
        if (types.isTypedArray(value)) {
            return [viewBytes(value), true];
        }
        if (types.isStringObject(value)) {
            return [lengthOf(value), false];
        }
        if (lengthOf(value) === Infinity) {
            return [null, false];
        }
        const count = types.isMap(value) ? entries(value) : types.isSet(value) ? members(value) : undefined;
        return [count ?? (isArray(value) ? value.length : keys(value).length), false];
    }

    return { lengthOf, sizeOf };
});

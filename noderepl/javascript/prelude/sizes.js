// The size of a value: its elements, entries, keys or characters, or its bytes. No code of a snippet runs.
(function sizes({ realm, primordials }) {
    const { ArrayBuffer, Array, Map, Object, Set, SharedArrayBuffer, Uint8Array } = realm;
    const { isArray } = Array;
    const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn, keys } = Object;
    const types = realm.require("util/types");
    const every = primordials.uncurried(Array.prototype.every);
    const memoryUsage = realm.process.memoryUsage.bind(realm.process);
    const now = realm.performance.now.bind(realm.performance);
    const LARGE = 400 << 20; // bytes
    const RECENT = 100; // ms
    let measured = -Infinity;
    let isLarge = false;
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

    // The number of indices of a value that is no proxy: Infinity for an object that may have very many keys. Nothing
    // can stop the engine when it lists millions of them, and nothing counts them; a large heap may have so many.
    function lengthOf(value) {
        if (types.isTypedArray(value)) {
            return viewLength(value);
        }
        if (typeof value === "string" || isArray(value) || types.isStringObject(value)) {
            return value.length;
        }
        return isHeapLarge() || every(SAMPLES, (index) => hasOwn(value, index)) ? Infinity : 0;
    }

    function isHeapLarge() {
        const time = now();
        if (time - measured > RECENT) {
            measured = time;
            isLarge = memoryUsage().heapUsed > LARGE;
        }
        return isLarge;
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

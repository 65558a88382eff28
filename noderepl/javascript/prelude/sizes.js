// The size of a value: its elements, entries, keys or characters, or its bytes. No code of a snippet runs.
(function sizes({ realm, primordials }) {
    const { ArrayBuffer, Array, Map, Object, Set, SharedArrayBuffer, Uint8Array } = realm;
    const { isArray } = Array;
    const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn, keys } = Object;
    const types = realm.require("util/types");
    const every = primordials.uncurried(Array.prototype.every);
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

    // The number of indices of a value that is no proxy, or an upper bound: Infinity for an object that seems to have
    // very many. Nothing can stop the engine when it lists millions of them.
    function lengthOf(value) {
        const length = types.isTypedArray(value) ? viewLength(value) : getOwnPropertyDescriptor(value, "length")?.value;
        return typeof length === "number" ? length : every(SAMPLES, (index) => hasOwn(value, index)) ? Infinity : 0;
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

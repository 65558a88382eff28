// The size of a value: its elements, entries, keys or characters, or its bytes. No code of a snippet runs.
//
// MOST: the names of one value that completion lists. hasNoProxy(value): whether neither an object nor one of its
// prototypes is a proxy.
(function sizes({ realm, primordials }) {
    const { ArrayBuffer, Array, Map, Object, Set, SharedArrayBuffer, Uint8Array, WeakMap } = realm;
    const { isArray } = Array;
    const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, hasOwn, keys } =
        Object;
    const types = realm.require("util/types");
    const every = primordials.uncurried(Array.prototype.every);
    const cpuUsage = realm.process.cpuUsage.bind(realm.process);
    const MOST = 2000;
    const MANY = 300_000;
    const SOME = 20; // of MANY
    const SLOW = 20_000; // µs of the processor, in which some 300,000 names are skipped
    const large = new WeakMap(); // objects that had very many keys; values: some of the keys, if they were listed
    const { get, set } = primordials.WeakMap;
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
    // the engine when it lists millions of them, which takes seconds.
    function lengthOf(value) {
        const isText = typeof value === "string" || types.isStringObject(value);
        const length = types.isTypedArray(value) ? viewLength(value) : isText || isArray(value) ? value.length : 0;
        const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
        return isObject && length <= MOST && hasMany(value) ? Infinity : length;
    }

    // To list symbols, the engine skips the names, in a fifteenth of the time that it takes to list these. It is tried
    // twice, as the collector of garbage may take time too.
    function hasMany(value) {
        if (types.isModuleNamespaceObject(value)) {
            return false;
        }
        const some = get(large, value);
        if (hasAll(value, SAMPLES) || (some?.length > 0 && hasAll(value, some))) {
            return true;
        }
        if (isSlow(getOwnPropertySymbols, value) && (some !== undefined || isSlow(getOwnPropertySymbols, value))) {
            set(large, value, []);
            return true;
        }
        return hasManyKeys(value);
    }

    function hasManyKeys(value) {
        const all = keys(value);
        if (all.length <= MANY) {
            return false;
        }
        const some = [];
        for (let index = 0; index < all.length; index += MANY / SOME) {
            some[some.length] = all[index];
        }
        set(large, value, some);
        return true;
    }

    function hasAll(value, some) {
        return every(some, (key) => hasOwn(value, key));
    }

    function isSlow(list, value) {
        const start = time();
        list(value);
        return time() - start > SLOW;
    }

    function time() {
        const { user, system } = cpuUsage();
        return user + system;
    }

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
        if (types.isModuleNamespaceObject(value)) {
            return [getOwnPropertyNames(value).length, false]; // keys() throws until its module has run
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

    return { MOST, hasNoProxy, lengthOf, sizeOf };
});

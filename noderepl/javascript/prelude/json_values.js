// The JSON of values that JSON can represent: plain objects, lists, texts, finite numbers, booleans and null.
(function jsonValues({ realm, primordials }) {
    const { Array, JSON, Number, Object } = realm;
    const { isArray } = Array;
    const { stringify } = JSON;
    const { isFinite } = Number;
    const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
    const { ownKeys } = realm.Reflect;
    const { join } = primordials.Array;
    const { isProxy } = realm.require("util/types");
    const DEEPEST = 100;
    const MOST = 100_000; // values
    const MOST_TEXT = 4 << 20; // characters

    // Returns the text, undefined for any other value.
    function of(value) {
        let count = 0;

        function write(part, depth) {
            count += 1;
            if (count > MOST) {
                return undefined;
            }
            if (part === null || typeof part === "string" || typeof part === "boolean") {
                return stringify(part);
            }
            if (typeof part === "number") {
                return isFinite(part) ? stringify(part) : undefined;
            }
            if (typeof part !== "object" || isProxy(part) || depth === DEEPEST) {
                return undefined;
            }
            const prototype = getPrototypeOf(part);
            if (isArray(part)) {
                return prototype === Array.prototype ? list(part, depth) : undefined;
            }
            return prototype === null || prototype === Object.prototype ? object(part, depth) : undefined;
        }

        function list(part, depth) {
            const written = [];
            if (ownKeys(part).length !== part.length + 1) {
                return undefined; // it has holes or other properties
            }
            for (let index = 0; index < part.length; index++) {
                const text = property(part, index, depth);
                if (text === undefined) {
                    return undefined;
                }
                written[index] = text;
            }
            return `[${join(written, ",")}]`;
        }

        function object(part, depth) {
            const written = [];
            const keys = ownKeys(part);
            for (let index = 0; index < keys.length; index++) {
                const key = keys[index];
                const text = typeof key === "string" ? property(part, key, depth) : undefined;
                if (text === undefined) {
                    return undefined;
                }
                written[index] = `${stringify(key)}:${text}`;
            }
            return `{${join(written, ",")}}`;
        }

        // A getter is not called.
        function property(part, key, depth) {
            const found = getOwnPropertyDescriptor(part, key);
            return found?.enumerable && found.get === undefined && found.set === undefined
                ? write(found.value, depth + 1)
                : undefined;
        }

        const text = write(value, 0);
        return text?.length > MOST_TEXT ? undefined : text;
    }

    return { of };
});

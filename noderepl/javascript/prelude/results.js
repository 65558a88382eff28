// The values of snippets, by their names in snippets: `_`, `_error`, `_1`, `_2` and so on.
(function results({ realm, primordials }) {
    const { Object, Reflect } = realm;
    const { getOwnPropertyDescriptor, getOwnPropertyNames } = Object;
    const { defineProperty, deleteProperty } = Reflect; // they return false where the global object is frozen
    const { exec } = primordials.RegExp;
    const NUMBERED = /^_\d+$/;
    const KEPT = 1000;
    const last = { __proto__: null, value: undefined, error: undefined };
    remember("_", "value");
    remember("_error", "error");

    // After an assignment the name is the user's.
    function remember(word, key) {
        if (getOwnPropertyDescriptor(realm, word) === undefined) {
            const shape = { __proto__: null, configurable: true, enumerable: true, writable: true };
            const set = (value) => defineProperty(realm, word, { __proto__: null, ...shape, value });
            defineProperty(realm, word, { __proto__: null, configurable: true, get: () => last[key], set });
        }
    }

    function keep(number, value) {
        last.value = value;
        if (number > KEPT) {
            delete realm[`_${number - KEPT}`];
        }
        if (getOwnPropertyDescriptor(realm, `_${number}`) === undefined) {
            defineProperty(realm, `_${number}`, { __proto__: null, value, configurable: true, writable: true });
        }
    }

    function keepError(error) {
        last.error = error;
    }

    // Removes all results. Returns how many there were.
    function clear() {
        last.value = last.error = undefined;
        const all = getOwnPropertyNames(realm);
        let count = 0;
        for (let index = 0; index < all.length; index++) {
            if (exec(NUMBERED, all[index]) !== null && deleteProperty(realm, all[index])) {
                count += 1;
            }
        }
        return count;
    }

    function latest() {
        return last.value;
    }

    return { keep, keepError, clear, latest };
});

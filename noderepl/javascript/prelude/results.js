// The values of snippets, by their names in snippets: `_`, `_error`, `_1`, `_2` and so on.
(function results({ realm, primordials }) {
    const { Object, Reflect } = realm;
    const { getOwnPropertyDescriptor, getOwnPropertyNames } = Object;
    const { defineProperty, deleteProperty } = Reflect; // they return false where the global object is frozen
    const { exec } = primordials.RegExp;
    const NUMBERED = /^_\d+$/;
    const KEPT = 1000;
    const last = { __proto__: null, value: undefined, error: undefined, number: 0 };
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
        last.number = number;
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
        last.number = 0;
        const all = getOwnPropertyNames(realm);
        let count = 0;
        for (let index = 0; index < all.length; index++) {
            if (exec(NUMBERED, all[index]) !== null && deleteProperty(realm, all[index])) {
                count += 1;
            }
        }
        return count;
    }

    // Returns the value of a snippet and its number, undefined if there is none; runs no getter that a snippet has
    // defined. number: 0 for the last value.
    function find(number) {
        if (number === 0) {
            return { __proto__: null, value: last.value, number: last.number };
        }
        const found = getOwnPropertyDescriptor(realm, `_${number}`);
        const isValue = found !== undefined && "value" in found;
        return isValue ? { __proto__: null, value: found.value, number } : undefined;
    }

    return { keep, keepError, clear, find };
});

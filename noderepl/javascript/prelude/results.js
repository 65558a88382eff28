// The values of snippets, by their names in snippets: `_`, `_error`, `_1`, `_2` and so on.
(function results({ realm }) {
    const { Object, Reflect } = realm;
    const { getOwnPropertyDescriptor } = Object;
    const { defineProperty } = Reflect; // returns false where the global object is frozen
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

    // Returns the value of a snippet and its number; without a number the last one. There may be none.
    function find(number) {
        if (number === null) {
            return { __proto__: null, value: last.value, number: last.number };
        }
        const found = getOwnPropertyDescriptor(realm, `_${number}`);
        return { __proto__: null, value: found?.value, number };
    }

    return { keep, keepError, find };
});

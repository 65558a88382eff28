// The built-in functions that a preview may call (preview.js), and what of their receiver and arguments must be checked
// so that a call runs no code of a snippet and takes little time and memory.
//
// rules: a Map of function -> {of, takes, isNew, limit}. of, takes: the kind of the receiver and of each argument:
// "text", "primitive", "list" (an array of whatever), "primitives" (an array of these), "data" (plain objects and
// arrays all the way down), "any", "own" (an array made in the input), "pattern" (a primitive, a regular expression or
// a function of the input that returns primitives), "callback" (a function of the input, and whatever), "comparer".
// isNew: whether the result is made by the call. limit(receiver, arguments): whether a call is small.
// lengthOf(): see sizes.js. getters: a Set of the accessors that may be read. isPristine(): whether no snippet has
// replaced what these use.
(function pure_builtins({ realm, primordials, lengthOf }) {
    const { Array, BigInt, Boolean, Date, JSON, Map, Math, Number, Object, RegExp, Set, String, Symbol } = realm;
    const { Reflect, Uint8Array, WeakMap, WeakSet } = realm;
    const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn, is } = Object;
    const { ownKeys } = Reflect;
    const { get, set } = primordials.Map;
    const { add } = primordials.Set;
    const { exec } = primordials.RegExp;
    const { includes, slice } = primordials.String;
    const split = primordials.uncurried(String.prototype.split);
    const path = realm.require("path");
    const MOST = 10_000; // characters of a string, and of the strings in a call
    const MOST_ITEMS = 1000;
    const rules = new Map();
    const getters = new Set();
    const INDEX = /^\d+$/;

    const isShort = (text) => text.length <= MOST;
    const number = (value) => (typeof value === "number" ? value : MOST + 1);
    const isPlain = (_, given) => given.length <= 1; // without options, whose properties would be read
    const repeats = (text, given) => text.length * number(given[0]) <= MOST;
    const pads = (text, given) => number(given[0]) <= MOST && isShort(`${given[1] ?? ""}`);
    const replaces = (text, given) =>
        typeof given[1] === "function"
            ? text.length <= MOST_ITEMS
            : text.length * (`${given[1]}`.length + 1) <= 100 * MOST &&
              !includes(`${given[1]}`, "$`") &&
              !includes(`${given[1]}`, "$'");
    const joins = (list, given) => `${given[0] ?? ""}`.length * list.length <= 10 * MOST;
    const fills = (_, given) => given.length !== 1 || typeof given[0] !== "number" || given[0] <= MOST_ITEMS;

    const hasFew = (_, given) => lengthOf(given[0]) <= MOST_ITEMS;

    function allow(owner, names, of, takes, how) {
        const words = split(names, " ");
        for (let index = 0; index < words.length; index++) {
            const found = getOwnPropertyDescriptor(owner, words[index])?.value;
            if (typeof found === "function") {
                set(rules, found, { __proto__: null, of, takes, isNew: false, limit: () => true, ...how });
            }
        }
    }

    const isNew = true;
    const texts = String.prototype;
    allow(texts, "at charAt charCodeAt codePointAt endsWith includes indexOf lastIndexOf slice", "text", "primitive");
    allow(texts, "concat normalize startsWith substr substring toLowerCase", "text", "primitive");
    allow(texts, "toUpperCase trim trimEnd trimStart isWellFormed toWellFormed toString", "text", "primitive");
    allow(texts, "valueOf", "text", "primitive");
    allow(texts, "toLocaleLowerCase toLocaleUpperCase localeCompare", "text", "primitive", { limit: isPlain });
    allow(texts, "repeat", "text", "primitive", { limit: repeats });
    allow(texts, "padEnd padStart", "text", "primitive", { limit: pads });
    allow(texts, "search", "text", "pattern");
    allow(texts, "match split", "text", "pattern", { isNew });
    allow(texts, "replace replaceAll", "text", "pattern", { limit: replaces });
    allow(RegExp.prototype, "test", "pattern", "primitive");
    allow(RegExp.prototype, "exec", "pattern", "primitive", { isNew });
    const numbers = Number.prototype;
    allow(numbers, "toExponential toFixed toPrecision toString valueOf", "primitive", "primitive");
    allow(numbers, "toLocaleString", "primitive", "primitive", { limit: isPlain });
    allow(BigInt.prototype, "toString valueOf", "primitive", "primitive");
    allow(Boolean.prototype, "toString valueOf", "primitive", "primitive");
    allow(Symbol.prototype, "toString", "any", "primitive");

    const lists = Array.prototype;
    allow(lists, "every find findIndex findLast findLastIndex reduce reduceRight some", "list", "callback");
    allow(lists, "filter flatMap map", "list", "callback", { isNew });
    allow(lists, "at includes indexOf lastIndexOf", "list", "primitive");
    allow(lists, "slice toReversed toSpliced with", "list", "primitive", { isNew });
    allow(lists, "concat flat", "data", "data", { isNew });
    allow(lists, "join toString", "primitives", "primitive", { limit: joins });
    allow(lists, "toSorted", "list", "comparer", { isNew });
    allow(lists, "sort", "own", "comparer", { isNew });
    allow(lists, "reverse fill push pop shift unshift splice", "own", "primitive");
    allow(Array, "isArray", "any", "any");
    allow(Array, "of", "Array", "any", { isNew });
    allow(realm, "Array", "any", "primitive", { isNew, limit: fills });
    allow(Array, "from", "Array", "source", { isNew });

    const dates = Date.prototype;
    const units = "Date Day FullYear Hours Milliseconds Minutes Month Seconds";
    allow(dates, `get${primordials.Array.join(split(units, " "), " get")}`, "date", "primitive");
    allow(dates, `getUTC${primordials.Array.join(split(units, " "), " getUTC")}`, "date", "primitive");
    allow(dates, "getTime getTimezoneOffset valueOf toISOString toString toDateString", "date", "primitive");
    allow(dates, "toTimeString toUTCString toJSON", "date", "primitive");
    allow(dates, "toLocaleString toLocaleDateString toLocaleTimeString", "date", "primitive", { limit: isPlain });
    allow(Date, "now UTC parse", "any", "primitive");
    allow(Map.prototype, "get has", "any", "any");
    allow(Set.prototype, "has", "any", "any");
    allow(WeakMap.prototype, "get has", "any", "any");
    allow(WeakSet.prototype, "has", "any", "any");

    allow(Math, "abs acos acosh asin asinh atan atan2 atanh cbrt ceil clz32 cos cosh exp expm1", "any", "primitive");
    allow(Math, "floor fround hypot imul log log10 log1p log2 max min pow round sign sin", "any", "primitive");
    allow(Math, "sinh sqrt tan tanh trunc", "any", "primitive");
    allow(realm, "Number String Boolean BigInt parseInt parseFloat isNaN isFinite", "any", "primitive");
    allow(realm, "encodeURI encodeURIComponent decodeURI decodeURIComponent atob btoa", "any", "primitive");
    allow(Number, "isFinite isInteger isNaN isSafeInteger", "any", "any");
    allow(String, "fromCharCode fromCodePoint", "any", "primitive");
    allow(Object, "is hasOwn", "any", "object");
    allow(Object, "keys getOwnPropertyNames", "any", "object", { isNew, limit: hasFew });
    allow(Object, "values entries fromEntries", "any", "data", { isNew });
    allow(JSON, "parse", "any", "primitive", { isNew });
    allow(JSON, "stringify", "any", "data");
    allow(path, "basename dirname extname isAbsolute join normalize", "any", "primitive");

    // Constructors, called with `new`.
    const constructors = new Map();
    const construct = (made, takes, limit = () => true) => set(constructors, made, { __proto__: null, takes, limit });
    construct(Date, "moment");
    construct(Map, "data");
    construct(Set, "data");
    construct(Array, "primitive", fills);
    construct(RegExp, "primitive");

    function readable(prototype, key) {
        const getter = getOwnPropertyDescriptor(prototype, key)?.get;
        if (getter !== undefined) {
            add(getters, getter);
        }
    }

    readable(Map.prototype, "size");
    readable(Set.prototype, "size");
    readable(Symbol.prototype, "description");
    readable(RegExp.prototype, "source");
    const parts = split("hash host hostname href origin password pathname port protocol search username", " ");
    primordials.Array.map(parts, (part) => readable(realm.URL.prototype, part));
    readable(getPrototypeOf(Uint8Array.prototype), "length");
    readable(getPrototypeOf(Uint8Array.prototype), "byteLength");

    // What built-ins use of each other, as it was before any snippet.
    const iteratorOf = (value) => getPrototypeOf(value[Symbol.iterator]());
    const used = [Object, Object.prototype, Array, lists, String, texts, RegExp, RegExp.prototype, Date, dates];
    primordials.Array.push(used, path, Map, Map.prototype, Set, Set.prototype, Number.prototype, BigInt.prototype);
    primordials.Array.push(used, Boolean.prototype, Symbol.prototype, iteratorOf([]), iteratorOf(""));
    primordials.Array.push(used, iteratorOf(new Map()), iteratorOf(new Set()), getPrototypeOf(iteratorOf([])));
    const before = new Map();
    for (let index = 0; index < used.length; index++) {
        set(before, used[index], propertiesOf(used[index]));
    }

    function propertiesOf(object) {
        const all = ownKeys(object);
        const found = { __proto__: null, count: all.length, properties: new Map() };
        for (let index = 0; index < all.length; index++) {
            const { value, get: getter } = getOwnPropertyDescriptor(object, all[index]);
            set(found.properties, all[index], { __proto__: null, value, getter });
        }
        return found;
    }

    function isPristine() {
        for (let index = 0; index < used.length; index++) {
            if (!isSame(used[index], get(before, used[index]))) {
                return false;
            }
        }
        return true;
    }

    // Further methods do no harm, unless built-ins look for them.
    function isSame(object, { count, properties }) {
        const all = ownKeys(object);
        let left = count;
        for (let index = 0; index < all.length; index++) {
            const key = all[index];
            const descriptor = getOwnPropertyDescriptor(object, key);
            const was = get(properties, key);
            if (was === undefined && (!hasOwn(descriptor, "value") || isLookedFor(key))) {
                return false;
            }
            if (was !== undefined) {
                left -= 1;
                const isData = hasOwn(descriptor, "value");
                if (isData ? !is(descriptor.value, was.value) : descriptor.get !== was.getter) {
                    return false;
                }
            }
        }
        return left === 0;
    }

    function isLookedFor(key) {
        return typeof key === "symbol" || key === "toJSON" || exec(INDEX, slice(key, 0, 20)) !== null;
    }

    return { rules, constructors, getters, isPristine };
});

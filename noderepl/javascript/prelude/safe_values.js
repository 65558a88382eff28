// What may be read and converted without running code of a snippet, for previews (preview.js): properties that hold
// data, primitive values, and arrays and objects of these. must() ends the preview if a condition does not hold.
(function safe_values({ realm, primordials, getters, lengthOf }) {
    const { Array, BigInt, Map, Object, Reflect, Set } = realm;
    const { apply, ownKeys } = Reflect;
    const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn } = Object;
    const { isMap, isProxy, isSet } = realm.require("util/types");
    const { has } = primordials.Set;
    const { isArray } = Array;
    const { asIntN } = BigInt;
    const MOST = 10_000; // characters of a string
    const MOST_ITEMS = 1000;
    const DEPTH = 20;
    const REFUSED = { __proto__: null };

    const getter = (type) => primordials.uncurried(getOwnPropertyDescriptor(type.prototype, "size").get);
    const sizeOf = { __proto__: null, Map: getter(Map), Set: getter(Set) };

    function refuse() {
        throw REFUSED;
    }

    function must(holds) {
        if (!holds) {
            refuse();
        }
    }

    function isNullish(value) {
        return value === undefined || value === null;
    }

    function isPrimitive(value) {
        return value === null || (typeof value !== "object" && typeof value !== "function");
    }

    function isPlainPrimitive(value) {
        const isSymbol = typeof value === "symbol";
        return isPrimitive(value) && !isSymbol && isSmall(value) && (typeof value !== "string" || value.length <= MOST);
    }

    // One operation on long numbers takes any time.
    function isSmall(value) {
        return typeof value !== "bigint" || asIntN(2048, value) === value;
    }

    // A property that holds data, or that an accessor of the engine reads.
    function property(owner, word) {
        must(!isNullish(owner) && word !== "stack"); // a snippet's Error.prepareStackTrace may make it
        for (let object = Object(owner); object !== null; object = getPrototypeOf(object)) {
            must(!isProxy(object));
            const descriptor = getOwnPropertyDescriptor(object, word);
            if (descriptor !== undefined) {
                if (hasOwn(descriptor, "value")) {
                    return descriptor.value;
                }
                must(has(getters, descriptor.get));
                return apply(descriptor.get, owner, []);
            }
        }
        return undefined;
    }

    function isCollection(value) {
        const { prototype } = isSet(value) ? Set : Map;
        const isPlain = (isSet(value) || isMap(value)) && getPrototypeOf(value) === prototype;
        return (
            isPlain &&
            lengthOf(value) === 0 &&
            ownKeys(value).length === 0 &&
            sizeOf[isSet(value) ? "Set" : "Map"](value) <= MOST_ITEMS
        );
    }

    // An array without accessors and further properties.
    function isList(value, fits = () => true) {
        if (!isArray(value) || isProxy(value) || getPrototypeOf(value) !== Array.prototype) {
            return false;
        }
        if (lengthOf(value) > MOST_ITEMS) {
            return false;
        }
        let count = 1; // with its length
        for (let index = 0; index < value.length; index++) {
            const descriptor = getOwnPropertyDescriptor(value, `${index}`);
            if (descriptor !== undefined && (!hasOwn(descriptor, "value") || !fits(descriptor.value))) {
                return false;
            }
            count += descriptor === undefined ? 0 : 1;
        }
        return ownKeys(value).length === count;
    }

    // A primitive value, or arrays and objects of such values without accessors and classes.
    // spend: called for each.
    function isData(value, spend, depth = 0) {
        spend();
        if (isPrimitive(value)) {
            return typeof value !== "string" || value.length <= MOST;
        }
        if (typeof value === "function" || isProxy(value) || depth > DEPTH) {
            return false;
        }
        const inner = (one) => isData(one, spend, depth + 1);
        return isArray(value) ? isList(value, inner) : isRecord(value, inner);
    }

    function isRecord(value, fits = () => true) {
        const prototype = isPrimitive(value) || isProxy(value) ? undefined : getPrototypeOf(value);
        if (prototype !== Object.prototype && prototype !== null) {
            return false;
        }
        const all = lengthOf(value) > MOST_ITEMS ? null : ownKeys(value);
        if (all === null || all.length > MOST_ITEMS) {
            return false;
        }
        for (let index = 0; index < all.length; index++) {
            const descriptor = getOwnPropertyDescriptor(value, all[index]);
            const isPlainKey = typeof all[index] === "string" && all[index] !== "stack" && all[index] !== "toJSON";
            if (!isPlainKey || !hasOwn(descriptor, "value") || !fits(descriptor.value)) {
                return false;
            }
        }
        return true;
    }

    return {
        refuse,
        must,
        isNullish,
        isPrimitive,
        isPlainPrimitive,
        property,
        isCollection,
        isList,
        isData,
        isRecord,
    };
});

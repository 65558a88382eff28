// Checks the receiver and the arguments of a built-in that a preview calls; pure_builtins.js has the kinds.
(function call_checks({ realm, primordials, rules, must, isNullish, isPrimitive, isPlainPrimitive, ...values }) {
    const { Array, Date, Object, Reflect } = realm;
    const { apply, ownKeys } = Reflect;
    const { getPrototypeOf } = Object;
    const { isDate, isProxy } = realm.require("util/types");
    const { get } = primordials.Map;
    const { has } = primordials.Set;
    const { property, isCollection, isList, isData, isRecord } = values;
    const MOST = 10_000; // characters of a string
    const MOST_ITEMS = 1000;

    function isReceiver(kind, value, scope) {
        switch (kind) {
            case "text":
                return typeof value === "string" && value.length <= MOST;
            case "primitive":
                return isPlainPrimitive(value) && !isNullish(value);
            case "pattern":
                return has(scope.$.made, value);
            case "list":
                return isList(value);
            case "primitives":
                return isList(value, isPlainPrimitive);
            case "own":
                return has(scope.$.own, value) && isList(value);
            case "data":
                return isData(value, () => scope.$.spend(1));
            case "Array":
                return value === Array;
            case "date":
                return isDate(value) && getPrototypeOf(value) === Date.prototype && ownKeys(value).length === 0;
            default:
                return true;
        }
    }

    // Checks the arguments of a built-in; functions among them are replaced by ones that check what they return.
    function takes(kind, given, receiver, scope) {
        for (let index = 0; index < given.length; index++) {
            const value = given[index];
            switch (kind) {
                case "any":
                    break;
                case "data":
                    must(isData(value, () => scope.$.spend(1)));
                    break;
                case "object":
                    must(!isProxy(value) && (index === 0 || isPrimitive(value)));
                    break;
                case "moment":
                    must(isPlainPrimitive(value) || isReceiver("date", value));
                    break;
                case "pattern":
                    if (has(scope.$.made, value) && typeof value === "function") {
                        given[index] = returningPrimitives(value);
                    } else {
                        must(isPlainPrimitive(value) || (has(scope.$.made, value) && !isDate(value)));
                    }
                    break;
                case "callback":
                    must(index > 0 || has(scope.$.made, value) || isConverter(value, receiver));
                    break;
                case "comparer":
                    must(has(scope.$.made, value));
                    given[index] = returningPrimitives(value);
                    break;
                case "source":
                    must(index === 0 ? isSource(value) : has(scope.$.made, value));
                    break;
                default:
                    must(isPlainPrimitive(value));
            }
        }
        must(kind !== "comparer" || given.length > 0 || isList(receiver, isPlainPrimitive));
    }

    function returningPrimitives(made) {
        return (...given) => {
            const value = apply(made, undefined, given);
            must(isPlainPrimitive(value));
            return value;
        };
    }

    // A built-in such as Number, for a list of primitive values.
    function isConverter(value, receiver) {
        const rule = get(rules, value);
        return (
            rule !== undefined && rule.of === "any" && rule.takes === "primitive" && isList(receiver, isPlainPrimitive)
        );
    }

    // What Array.from() may get.
    function isSource(value) {
        if (isRecord(value)) {
            const length = property(value, "length");
            return typeof length === "number" && length <= MOST_ITEMS;
        }
        return typeof value === "string" ? value.length <= MOST_ITEMS : isList(value) || isCollection(value);
    }

    return { isReceiver, takes };
});

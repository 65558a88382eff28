// The operators of expressions in previews (preview.js): they convert only primitive values, and refuse what could run
// code of a snippet or take much time.
(function operators({ realm, refuse, must, isNullish, isPrimitive, isPlainPrimitive, property }) {
    const { BigInt, Function, Object, Symbol } = realm;
    const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn } = Object;
    const { isProxy } = realm.require("util/types");
    const { asIntN } = BigInt;
    const hasInstance = Function.prototype[Symbol.hasInstance];
    const MOST = 10_000; // characters of a string
    const MOST_BITS = 1000n; // of a shift, and the highest exponent of a bigint

    function joined(text, more) {
        must(text.length + more.length <= MOST);
        return text + more;
    }

    const converting = {
        __proto__: null,
        "+": (left, right) =>
            typeof left === "string" || typeof right === "string" ? joined(`${left}`, `${right}`) : left + right,
        "-": (left, right) => left - right,
        "*": (left, right) => left * right,
        "/": (left, right) => left / right,
        "%": (left, right) => left % right,
        "**": (left, right) => {
            must(typeof right !== "bigint" || (right <= MOST_BITS && asIntN(64, left) === left));
            return left ** right;
        },
        "<<": (left, right) => {
            must(typeof right !== "bigint" || right <= MOST_BITS);
            return left << right;
        },
        ">>": (left, right) => {
            must(typeof right !== "bigint" || right >= -MOST_BITS);
            return left >> right;
        },
        ">>>": (left, right) => left >>> right,
        "&": (left, right) => left & right,
        "|": (left, right) => left | right,
        "^": (left, right) => left ^ right,
        "<": (left, right) => left < right,
        "<=": (left, right) => left <= right,
        ">": (left, right) => left > right,
        ">=": (left, right) => left >= right,
    };

    function unary(operator, value) {
        if (operator === "!") {
            return !value;
        }
        if (operator === "typeof") {
            return typeof value;
        }
        if (operator === "void") {
            return undefined;
        }
        must(isPlainPrimitive(value));
        return operator === "-" ? -value : operator === "+" ? +value : ~value;
    }

    function binary(operator, left, right) {
        switch (operator) {
            case "===":
                return left === right;
            case "!==":
                return left !== right;
            case "in":
                must(!isPrimitive(right));
                return hasProperty(right, isPrimitive(left) ? left : refuse());
            case "instanceof":
                return isInstance(left, right);
            case "==":
                return isEqual(left, right);
            case "!=":
                return !isEqual(left, right);
            default:
                must(isPlainPrimitive(left) && isPlainPrimitive(right));
                return converting[operator](left, right);
        }
    }

    function isEqual(left, right) {
        if (isNullish(left) || isNullish(right)) {
            return isNullish(left) && isNullish(right);
        }
        must(isPrimitive(left) === isPrimitive(right));
        return left == right; // eslint-disable-line eqeqeq
    }

    function hasProperty(object, word) {
        for (let each = object; each !== null; each = getPrototypeOf(each)) {
            must(!isProxy(each));
            if (hasOwn(each, word)) {
                return true;
            }
        }
        return false;
    }

    function isInstance(value, type) {
        must(typeof type === "function" && property(type, Symbol.hasInstance) === hasInstance);
        const own = getOwnPropertyDescriptor(type, "prototype") ?? refuse();
        must(hasOwn(own, "value") && !isPrimitive(own.value));
        let found = isPrimitive(value) ? null : getPrototypeOf(value);
        while (found !== null && found !== own.value) {
            must(!isProxy(found));
            found = getPrototypeOf(found);
        }
        return found !== null;
    }

    return { joined, unary, binary };
});

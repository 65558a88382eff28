// The value of an expression while it is typed. Nothing of a snippet runs for it: this walks the expression's tree
// itself, reads only properties that hold data, converts only primitive values, and calls only functions of the
// expression and built-ins that run no other code with what they get (pure_builtins.js). Besides, V8 refuses side
// effects, and ends what takes too long; a number of steps bounds the rest.
//
// preview($$, {tree, names}) answers with {"kind": "preview", "text": the value on one line, null if there is none}.
// tree: see ../preview_tree.py. names: the variables in it. computed(): the text, for the inspector.
(function preview({ realm, primordials, parts, name, post, thunkOf, loading, lexicalNames, withOwnStacks }) {
    const { Array, BigInt, Date, Function, JSON, Map, Number, Object, Reflect, RegExp, Set, Symbol } = realm;
    const { apply, construct, ownKeys } = Reflect;
    const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, keys } = Object;
    const { isDate, isProxy, isSet, isMap } = realm.require("util/types");
    const { get, set } = primordials.Map;
    const { add, has } = primordials.Set;
    const hasInstance = Function.prototype[Symbol.hasInstance];
    const { isArray } = Array;
    const { asIntN } = BigInt;
    const { stringify } = JSON;
    const { oneLine } = parts.one_line({ realm, primordials });
    const { rules, constructors, getters, isPristine } = parts.pure_builtins({ realm, primordials });
    const MILLISECONDS = 50;
    const MOST = 10_000; // characters of a string
    const MOST_ITEMS = 1000;
    const MOST_STEPS = 20_000;
    const DEPTH = 20;
    const REFUSED = { __proto__: null };
    const SHORT = { __proto__: null }; // the rest of an optional chain is skipped
    let pending = null;

    function preview(kernel, { tree, names }) {
        const variables = new Map();
        let text = null;
        try {
            for (let index = 0; index < names.length; index++) {
                const thunk = variable(names[index]);
                if (thunk !== undefined) {
                    set(variables, names[index], { __proto__: null, value: thunk() });
                }
            }
            pending = { __proto__: null, tree, variables };
            const how = { silent: true, timeout: MILLISECONDS };
            withOwnStacks(() =>
                post("Runtime.evaluate", { ...how, expression: `${name}.computed()` }, (failure, answer) => {
                    text = failure || answer.exceptionDetails ? null : (answer.result.value ?? null);
                }),
            );
        } catch {
            // A name without a value.
        }
        pending = null;
        kernel.async();
        kernel.text(`noderepl:${stringify({ __proto__: null, kind: "preview", text })}`);
    }

    // Returns a function that returns the value, undefined if there is none that may be read.
    function variable(word) {
        if (has(lexicalNames(), word)) {
            return thunkOf(word);
        }
        const descriptor = getOwnPropertyDescriptor(realm, word);
        if (descriptor === undefined || hasOwn(descriptor, "value")) {
            return descriptor && (() => descriptor.value);
        }
        return has(loading, descriptor.get) ? () => apply(descriptor.get, realm, []) : undefined;
    }

    function computed() {
        if (pending === null) {
            return null;
        }
        const state = {
            __proto__: null,
            variables: pending.variables,
            steps: 0,
            made: new Set(), // functions, regular expressions and dates of the expression
            own: new Set(), // arrays of the expression
            isChecked: false,
        };
        try {
            const value = evaluated(pending.tree, { __proto__: null, $: state });
            return has(state.made, value) && typeof value === "function" ? null : oneLine(value);
        } catch {
            return null;
        }
    }

    function refuse() {
        throw REFUSED;
    }

    function must(holds) {
        if (!holds) {
            refuse();
        }
    }

    function spend(scope, steps) {
        scope.$.steps += steps;
        must(scope.$.steps <= MOST_STEPS);
    }

    // Checks a value on its way into the expression.
    function entered(scope, value) {
        if (typeof value === "string") {
            spend(scope, value.length / 100);
        } else if (!isPrimitive(value)) {
            must(!isProxy(value));
            spend(scope, isArray(value) && has(scope.$.own, value) ? value.length : 0);
        }
        return value;
    }

    function isPrimitive(value) {
        return value === null || (typeof value !== "object" && typeof value !== "function");
    }

    function isPlainPrimitive(value) {
        const isSymbol = typeof value === "symbol";
        return isPrimitive(value) && !isSymbol && isSmall(value) && (typeof value !== "string" || value.length <= MOST);
    }

    // Built-ins do what they did before any snippet.
    function needBuiltins({ $: state }) {
        state.isChecked ||= isPristine();
        must(state.isChecked);
    }

    // scope: the variables of arrow functions by their names with `=` before them; `$`: the state of this evaluation.
    function evaluated(node, scope) {
        spend(scope, 1);
        return entered(scope, kinds[node[0]](node, scope));
    }

    const kinds = {
        __proto__: null,
        value: (node) => node[1],
        number: (node) => (node[2] ? BigInt(node[1]) : Number(node[1])),
        name: (node, scope) => valueOfName(node[1], scope),
        template: ({ 1: texts, 2: values }, scope) => {
            let text = texts[0];
            for (let index = 0; index < values.length; index++) {
                text = joined(text, `${primitive(values[index], scope)}`) + texts[index + 1];
            }
            return text;
        },
        regex: ({ 1: pattern, 2: flags }, scope) => {
            needBuiltins(scope);
            const made = new RegExp(pattern, flags);
            add(scope.$.made, made);
            return made;
        },
        array: (node, scope) => itemsOf(node[1], scope),
        object: objectOf,
        member: (node, scope) => {
            const owner = evaluated(node[1], scope);
            return owner === SHORT || (node[3] && isNullish(owner)) ? SHORT : property(owner, key(node[2], scope));
        },
        chain: (node, scope) => {
            const value = evaluated(node[1], scope);
            return value === SHORT ? undefined : value;
        },
        call,
        new: (node, scope) => {
            needBuiltins(scope);
            const made = evaluated(node[1], scope);
            const rule = get(constructors, made) ?? refuse();
            const given = itemsOf(node[2], scope);
            takes(rule.takes, given, undefined, scope);
            must(rule.limit(undefined, given));
            const value = construct(made, given);
            add(isArray(value) ? scope.$.own : scope.$.made, value);
            return value;
        },
        unary: ({ 1: operator, 2: operand }, scope) => {
            if (operator === "typeof" && operand[0] === "name" && !isKnown(operand[1], scope)) {
                return "undefined";
            }
            return unary(operator, evaluated(operand, scope));
        },
        binary: ({ 1: operator, 2: left, 3: right }, scope) => {
            const first = evaluated(left, scope);
            const isFirst =
                operator === "&&" ? !first : operator === "||" ? first : operator === "??" ? !isNullish(first) : null;
            if (isFirst !== null) {
                return isFirst ? first : evaluated(right, scope);
            }
            return binary(operator, first, evaluated(right, scope));
        },
        if: (node, scope) => evaluated(evaluated(node[1], scope) ? node[2] : node[3], scope),
        arrow: (node, scope) => {
            const { 1: patterns, 2: body } = node;
            const made = (...given) => {
                const inner = { __proto__: scope };
                for (let index = 0; index < patterns.length; index++) {
                    bind(patterns[index], entered(scope, given[index]), inner);
                }
                return evaluated(body, inner);
            };
            add(scope.$.made, made);
            return made;
        },
    };

    function isNullish(value) {
        return value === undefined || value === null;
    }

    function isKnown(word, scope) {
        return `=${word}` in scope || get(scope.$.variables, word) !== undefined;
    }

    function valueOfName(word, scope) {
        must(isKnown(word, scope));
        return `=${word}` in scope ? scope[`=${word}`] : get(scope.$.variables, word).value;
    }

    function primitive(node, scope) {
        const value = evaluated(node, scope);
        must(isPlainPrimitive(value));
        return value;
    }

    function joined(text, more) {
        must(text.length + more.length <= MOST);
        return text + more;
    }

    function key(node, scope) {
        const value = evaluated(node, scope);
        must(isPrimitive(value));
        return typeof value === "symbol" ? value : `${value}`;
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

    // The values of an array's items or of arguments.
    function itemsOf(nodes, scope) {
        const all = [];
        for (let index = 0; index < nodes.length; index++) {
            if (nodes[index][0] === "spread") {
                const more = iterated(evaluated(nodes[index][1], scope), scope);
                for (let each = 0; each < more.length; each++) {
                    all[all.length] = more[each];
                }
            } else {
                all[all.length] = evaluated(nodes[index], scope);
            }
            must(all.length <= MOST_ITEMS);
        }
        needBuiltins(scope);
        add(scope.$.own, all);
        return all;
    }

    function iterated(value, scope) {
        needBuiltins(scope);
        must(typeof value === "string" ? value.length <= MOST : isList(value) || isCollection(value));
        return [...value];
    }

    function isCollection(value) {
        const isOwn = (isSet(value) || isMap(value)) && ownKeys(value).length === 0 && value.size <= MOST_ITEMS;
        return isOwn && getPrototypeOf(value) === (isSet(value) ? Set.prototype : Map.prototype);
    }

    // An array without accessors and further properties.
    function isList(value, fits = () => true) {
        if (!isArray(value) || isProxy(value) || getPrototypeOf(value) !== Array.prototype) {
            return false;
        }
        const { length } = value;
        if (length > MOST_ITEMS || ownKeys(value).length !== length + 1) {
            return false;
        }
        for (let index = 0; index < length; index++) {
            const descriptor = getOwnPropertyDescriptor(value, `${index}`);
            if (descriptor === undefined || !hasOwn(descriptor, "value") || !fits(descriptor.value)) {
                return false;
            }
        }
        return true;
    }

    // A primitive value, or arrays and objects of such values without accessors and classes.
    function isData(value, scope, depth = 0) {
        spend(scope, 1);
        if (isPrimitive(value)) {
            return typeof value !== "string" || value.length <= MOST;
        }
        if (typeof value === "function" || isProxy(value) || depth > DEPTH) {
            return false;
        }
        const inner = (one) => isData(one, scope, depth + 1);
        return isArray(value) ? isList(value, inner) : isRecord(value, inner);
    }

    function isRecord(value, fits = () => true) {
        const prototype = isPrimitive(value) || isProxy(value) ? undefined : getPrototypeOf(value);
        if (prototype !== Object.prototype && prototype !== null) {
            return false;
        }
        const all = ownKeys(value);
        if (all.length > MOST_ITEMS) {
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

    function objectOf({ 1: entries }, scope) {
        const made = {};
        const put = (word, value) => {
            must(word !== "__proto__");
            defineProperty(made, word, {
                __proto__: null,
                value,
                configurable: true,
                enumerable: true,
                writable: true,
            });
        };
        for (let index = 0; index < entries.length; index++) {
            const entry = entries[index];
            if (entry[0] === "pair") {
                const word = key(entry[1], scope);
                put(word, evaluated(entry[2], scope));
                continue;
            }
            const value = evaluated(entry[1], scope);
            must(isNullish(value) || isRecord(value));
            const all = isNullish(value) ? [] : keys(value);
            for (let each = 0; each < all.length; each++) {
                put(all[each], property(value, all[each]));
            }
        }
        return made;
    }

    function bind(pattern, value, scope) {
        switch (pattern[0]) {
            case "name":
                scope[`=${pattern[1]}`] = value;
                break;
            case "default":
                bind(pattern[1], value === undefined ? evaluated(pattern[2], scope) : value, scope);
                break;
            case "list": {
                const all = iterated(value, scope);
                for (let index = 0; index < pattern[1].length; index++) {
                    bind(pattern[1][index], entered(scope, all[index]), scope);
                }
                break;
            }
            default:
                must(!isNullish(value));
                for (let index = 0; index < pattern[1].length; index++) {
                    const { 0: word, 1: inner } = pattern[1][index];
                    bind(inner, entered(scope, property(value, word)), scope);
                }
        }
    }

    function call({ 1: callee, 2: nodes, 3: isOptional }, scope) {
        let receiver;
        let called;
        if (callee[0] === "member") {
            receiver = evaluated(callee[1], scope);
            if (receiver === SHORT || (callee[3] && isNullish(receiver))) {
                return SHORT;
            }
            called = property(receiver, key(callee[2], scope));
        } else {
            called = evaluated(callee, scope);
        }
        if (called === SHORT || (isOptional && isNullish(called))) {
            return SHORT;
        }
        const given = itemsOf(nodes, scope);
        if (has(scope.$.made, called)) {
            return apply(called, undefined, given);
        }
        const rule = get(rules, called) ?? refuse();
        must(isReceiver(rule.of, receiver, scope));
        takes(rule.takes, given, receiver, scope);
        must(rule.limit(receiver, given));
        const value = apply(called, receiver, given);
        if (rule.isNew && isArray(value)) {
            add(scope.$.own, value);
        }
        return value;
    }

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
                return isData(value, scope);
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
                    must(isData(value, scope));
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
        return rule !== undefined && rule.of === "any" && rule.takes === "primitive" && isList(receiver, isPlainPrimitive);
    }

    // What Array.from() may get.
    function isSource(value) {
        if (isRecord(value)) {
            const length = property(value, "length");
            return typeof length === "number" && length <= MOST_ITEMS;
        }
        return typeof value === "string" ? value.length <= MOST_ITEMS : isList(value) || isCollection(value);
    }

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

    // One operation on long numbers takes any time.
    function isSmall(value) {
        return typeof value !== "bigint" || asIntN(2048, value) === value;
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
                return operators[operator](left, right);
        }
    }

    const operators = {
        __proto__: null,
        "+": (left, right) =>
            typeof left === "string" || typeof right === "string" ? joined(`${left}`, `${right}`) : left + right,
        "-": (left, right) => left - right,
        "*": (left, right) => left * right,
        "/": (left, right) => left / right,
        "%": (left, right) => left % right,
        "**": (left, right) => {
            must(typeof right !== "bigint" || (right <= 1000n && asIntN(64, left) === left));
            return left ** right;
        },
        "<<": (left, right) => {
            must(typeof right !== "bigint" || right <= 1000n);
            return left << right;
        },
        ">>": (left, right) => {
            must(typeof right !== "bigint" || right >= -1000n);
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

    return { preview, computed };
});

// Walks the tree of an expression (../preview_tree.py) and returns its value; preview.js says what this never does.
(function expressions({ realm, primordials, parts }) {
    const { Array, BigInt, Number, Object, Reflect, RegExp, Set } = realm;
    const { apply, construct } = Reflect;
    const { defineProperty, keys } = Object;
    const { isProxy } = realm.require("util/types");
    const { get } = primordials.Map;
    const { add, has } = primordials.Set;
    const { isArray } = Array;
    const { lengthOf } = parts.sizes({ realm, primordials });
    const { rules, constructors, getters, isPristine } = parts.pure_builtins({ realm, primordials, lengthOf });
    const values = parts.safe_values({ realm, primordials, getters, lengthOf });
    const { refuse, must, isNullish, isPrimitive, isPlainPrimitive } = values;
    const { property, isCollection, isList, isRecord } = values;
    const { joined, unary, binary } = parts.operators({ realm, ...values });
    const { isReceiver, takes } = parts.call_checks({ realm, primordials, rules, ...values });
    const MOST = 10_000; // characters of a string
    const MOST_ITEMS = 1000;
    const MOST_STEPS = 20_000;
    const SHORT = { __proto__: null }; // the rest of an optional chain is skipped

    // variables: a Map of name -> {value}. Returns undefined for a function that the expression itself makes.
    function valueOf(tree, variables) {
        let steps = 0;
        const state = {
            __proto__: null,
            variables,
            spend: (count) => must((steps += count) <= MOST_STEPS),
            made: new Set(), // functions, regular expressions and dates of the expression
            own: new Set(), // arrays of the expression
            isChecked: false,
        };
        const value = evaluated(tree, { __proto__: null, $: state });
        must(typeof value !== "function" || !has(state.made, value));
        return value;
    }

    // Checks a value on its way into the expression.
    function entered(scope, value) {
        if (typeof value === "string") {
            scope.$.spend(value.length / 100);
        } else if (!isPrimitive(value)) {
            must(!isProxy(value));
            scope.$.spend(isArray(value) && has(scope.$.own, value) ? value.length : 0);
        }
        return value;
    }

    // Built-ins do what they did before any snippet.
    function needBuiltins({ $: state }) {
        state.isChecked ||= isPristine();
        must(state.isChecked);
    }

    // scope: the variables of arrow functions by their names with `=` before them; `$`: the state of this evaluation.
    function evaluated(node, scope) {
        scope.$.spend(1);
        return entered(scope, kinds[node[0]](node, scope));
    }

    const kinds = {
        __proto__: null,
        value: (node) => node[1],
        number: (node) => (node[2] ? BigInt(node[1]) : Number(node[1])),
        name: (node, scope) => valueOfName(node[1], scope),
        template: ({ 1: texts, 2: nodes }, scope) => {
            let text = texts[0];
            for (let index = 0; index < nodes.length; index++) {
                text = joined(text, `${primitive(nodes[index], scope)}`) + texts[index + 1];
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
            defineProperty(made, "name", { __proto__: null, value: "" });
            add(scope.$.made, made);
            return made;
        },
    };

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

    function key(node, scope) {
        const value = evaluated(node, scope);
        must(isPrimitive(value));
        return typeof value === "symbol" ? value : `${value}`;
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

    return { valueOf };
});

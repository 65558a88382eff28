// The variables that snippets have made.
//
// names(current) returns those after a snippet, latest() the same ones again; foresee(text) precedes a snippet.
// find(name) returns {"found", "isAccessor", "isLexical", "value"}. rows() returns for each its name, type, value on a
// line, the number of the snippet that has made it, and its size (sizes.js). forget() and remove() are for %reset.
// initial: the properties that Node.js has given to the global object, makers: the numbers of snippets; both by name.
(function variables(tools) {
    const { realm, primordials, lexicalNames, LONGEST, MOST } = tools;
    const { builtinModules, attempt, descriptorOf, evaluated, isLoading, oneLine, sizeOf, typeOf } = tools;
    const { Array, Map, Number, Object, Reflect, Set } = realm;
    const { getOwnPropertyNames, setPrototypeOf } = Object;
    const { apply, defineProperty, deleteProperty } = Reflect;
    const { filter, includes: isIn } = primordials.Array;
    const { exec } = primordials.RegExp;
    const { delete: removeMaker, get, set } = primordials.Map;
    const { add, delete: drop, has } = primordials.Set;
    const forEach = primordials.uncurried(Array.prototype.forEach);
    const forEachEntry = primordials.uncurried(Map.prototype.forEach);
    const time = realm.performance.now.bind(realm.performance);
    const WIDTH = 40; // characters of a value
    const MILLISECONDS = 300; // of all values
    const RESULT = /^_(?:\d*|error)$/;
    const OWN = /^\$noderepl/;
    const makers = new Map();
    const forgotten = new Set(); // names that %reset has emptied
    // Node.js 24 loads much when one of these is read, as much as the whole prelude.
    const COSTLY = /\b(?:CloseEvent|EventSource|FormData|Headers|MessageEvent|Request|Response|WebSocket)\b/;
    const UNREAD = { __proto__: null };
    let hasCostly = Number.parseInt(realm.process.versions.node, 10) >= 24;
    const initial = new Map();
    forEach(getOwnPropertyNames(realm), (word) =>
        set(initial, word, isCostly(word) ? UNREAD : descriptorOf(realm, word)),
    );
    let latest = []; // what names() has returned

    function isCostly(word) {
        return hasCostly && exec(COSTLY, word)?.[0] === word;
    }

    // Reads what a snippet that begins may replace. text: of the snippet.
    function foresee(text) {
        if (hasCostly && exec(COSTLY, text) !== null) {
            hasCostly = false;
            forEachEntry(initial, (property, word) => {
                if (property === UNREAD) {
                    set(initial, word, descriptorOf(realm, word));
                }
            });
        }
    }

    // current: the snippet that has just ended.
    function names({ number, request }) {
        forEach(request.declarations, (one) => forEach(one.names, (word) => credit(word, number)));
        forEach(request.assignments, (one) => drop(forgotten, one.name));
        const all = lexicalNames();
        forEach(getOwnPropertyNames(realm), (word) => {
            const isResult = exec(RESULT, word) !== null;
            const isNew = get(initial, word) === undefined || get(makers, word) !== undefined || isReplaced(word);
            // A result that no snippet has replaced is not enumerable.
            if (isResult ? descriptorOf(realm, word)?.enumerable : isNew) {
                add(all, word);
            }
        });
        const listed = [];
        primordials.Set.forEach(all, (word) => {
            const isVariable = exec(OWN, word) === null && !has(forgotten, word);
            if (word.length <= LONGEST && listed.length < MOST && isVariable) {
                listed[listed.length] = word;
                if (get(makers, word) === undefined) {
                    set(makers, word, number);
                }
            }
        });
        latest = setPrototypeOf(listed, null); // stringify() calls a toJSON of Array.prototype
        return request.asks ? latest : undefined;
    }

    // Whether the name of a module of Node.js has a value of a snippet, such as `url` after `url = 7`.
    function isReplaced(word) {
        return isIn(builtinModules, word) && get(initial, word).get !== undefined && !descriptorOf(realm, word)?.get;
    }

    // Returns whether the name does not exist afterwards, or is the one of Node.js again.
    function remove(word) {
        const before = get(initial, word);
        if (before === UNREAD) {
            return false;
        }
        return before === undefined ? deleteProperty(realm, word) : defineProperty(realm, word, before);
    }

    function credit(word, number) {
        set(makers, word, number);
        drop(forgotten, word);
    }

    // isThere: whether the name exists nevertheless.
    function forget(word, isThere) {
        removeMaker(makers, word);
        (isThere ? add : drop)(forgotten, word);
        latest = setPrototypeOf(
            filter(latest, (one) => one !== word),
            null,
        );
    }

    function rows() {
        const lexical = lexicalNames();
        const listed = [];
        const start = time();
        for (let index = 0; index < latest.length; index++) {
            const word = latest[index];
            const isInTime = time() - start < MILLISECONDS;
            listed[index] = attempt(() => row(word, has(lexical, word), isInTime)) ?? [
                word,
                "unknown",
                "",
                get(makers, word),
                null,
                false,
            ];
        }
        return listed;
    }

    // isInTime: whether there is time for its parts.
    function row(word, isLexical, isInTime) {
        const { isAccessor, value } = find(word, isLexical);
        const number = get(makers, word);
        if (isAccessor) {
            return [word, "accessor", "", number, null, false];
        }
        const text = isInTime || typeof value !== "object" ? oneLine(value, WIDTH) : typeOf(value);
        const { 0: size, 1: isBytes } = isInTime ? sizeOf(value) : [null, false];
        return [word, typeOf(value), text, number, size, isBytes];
    }

    function find(word, isLexical = has(lexicalNames(), word)) {
        const found = isIn(latest, word);
        const { get: getter, value: own } = (isLexical ? undefined : descriptorOf(realm, word)) ?? { __proto__: null };
        const isAccessor = getter !== undefined && !isLoading(getter);
        const value = isLexical ? evaluated(word) : isAccessor ? undefined : getter ? apply(getter, realm, []) : own;
        return { found, isAccessor, isLexical, value };
    }

    return { initial, foresee, makers, names, rows, find, forget, remove, latest: () => latest };
});

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
    const { getOwnPropertyDescriptor, getOwnPropertyNames, keys, setPrototypeOf } = Object;
    const { apply, defineProperty, deleteProperty } = Reflect;
    const { filter, includes: isIn } = primordials.Array;
    const { exec } = primordials.RegExp;
    const { delete: removeMaker, get, set } = primordials.Map;
    const { add, delete: drop, has } = primordials.Set;
    const { startsWith } = primordials.String;
    const forEach = primordials.uncurried(Array.prototype.forEach);
    const forEachEntry = primordials.uncurried(Map.prototype.forEach);
    const time = realm.performance.now.bind(realm.performance);
    const WIDTH = 40; // characters of a value
    const MILLISECONDS = 300; // of all values
    const RESULT_NAME = /^_(?:\d*|error)$/;
    const OWN = "$noderepl";
    // The kinds of names of the global object: of Node.js, the same for a module of Node.js, of a result, of a snippet.
    const [NODES, MODULE, RESULT, VARIABLE] = [0, 1, 2, 3];
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
    const kinds = new Map(); // by name
    forEachEntry(initial, (_, word) => set(kinds, word, initialKind(word)));
    let seen = []; // the names after the latest snippet, and their kinds
    let kindsSeen = [];
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

    // current: the snippet that has just ended. Most names are where they were after the snippet before: only of others
    // the kind is looked up, as a lookup costs more than all else here.
    function names({ number, request }) {
        forEach(request.declarations, (one) => forEach(one.names, (word) => credit(word, number)));
        forEach(request.assignments, (one) => drop(forgotten, one.name));
        const all = lexicalNames();
        const found = getOwnPropertyNames(realm);
        const kindsFound = [];
        let hasResults = false;
        for (let index = 0; index < found.length; index++) {
            const word = found[index];
            const kind = word === seen[index] ? kindsSeen[index] : kindOf(word);
            kindsFound[index] = kind;
            hasResults ||= kind === RESULT;
            // The name of a module may have a value of a snippet, such as `url` after `url = 7`.
            if (kind === VARIABLE || (kind === MODULE && getOwnPropertyDescriptor(realm, word).get === undefined)) {
                add(all, word);
            }
        }
        seen = found;
        kindsSeen = kindsFound;
        if (hasResults) {
            addReplaced(all);
        }
        const listed = [];
        primordials.Set.forEach(all, (word) => {
            const isVariable = !startsWith(word, OWN) && !has(forgotten, word);
            if (word.length <= LONGEST && listed.length < MOST && isVariable) {
                listed[listed.length] = word;
                if (get(makers, word) === undefined) {
                    make(word, number);
                }
            }
        });
        latest = setPrototypeOf(listed, null); // stringify() calls a toJSON of Array.prototype
        return request.asks ? latest : undefined;
    }

    // Adds the names of results that snippets have replaced: the others are not enumerable.
    function addReplaced(all) {
        const enumerable = keys(realm);
        for (let index = 0; index < enumerable.length; index++) {
            if (get(kinds, enumerable[index]) === RESULT) {
                add(all, enumerable[index]);
            }
        }
    }

    function initialKind(word) {
        const isModule = isIn(builtinModules, word) && get(initial, word).get !== undefined;
        return exec(RESULT_NAME, word) !== null ? RESULT : isModule ? MODULE : NODES;
    }

    function kindOf(word) {
        let kind = get(kinds, word);
        if (kind === undefined) {
            kind = exec(RESULT_NAME, word) === null ? VARIABLE : RESULT;
            set(kinds, word, kind);
        }
        return kind;
    }

    function setKind(word, kind) {
        set(kinds, word, kind);
        seen = [];
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
        make(word, number);
        drop(forgotten, word);
    }

    function make(word, number) {
        set(makers, word, number);
        const kind = kindOf(word);
        if (kind === NODES || kind === MODULE) {
            setKind(word, VARIABLE);
        }
    }

    // isThere: whether the name exists nevertheless.
    function forget(word, isThere) {
        removeMaker(makers, word);
        if (get(initial, word) !== undefined) {
            setKind(word, initialKind(word));
        }
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

// Where the text of a function is, for description.js: only the inspector and its debugger know it.
//
// locationOf(value) returns {"url", "line", "text": of the script}, undefined for what is no function or has no text.
(function functionLocations(tools) {
    const { realm, primordials, post, descriptorOf, getPrototypeOf } = tools;
    const { defineProperty, ownKeys, hasNoProxy, isNativeError, isProxy, attempt, lengthOf, sourceOf } = tools;
    const { Session, connect, disconnect, postTo } = tools;
    const { exec } = primordials.RegExp;
    const { indexOf, slice } = primordials.String;
    const { String } = realm;
    const { toStringTag } = realm.Symbol;
    const MOST_KEYS = 200;
    const MOST_TEXT = 30_000_000; // characters of scripts
    const LONGEST = 100_000; // characters of what the inspector copies of a value
    const LARGEST = 2n ** 64n;
    const LINE = 200; // characters of a line that is searched for
    const NATIVE = /\{\s*\[native code\]\s*\}$/;
    const NAMED = /^(?:repl-\d+$|file:|node:)/;
    const FIRST_LINE = /^[^\r\n\u2028\u2029]*/;

    function locationOf(value) {
        if (typeof value !== "function" || isProxy(value) || lengthOf(value) > 0) {
            return undefined;
        }
        // The inspector describes private fields too, which nobody else sees: it is asked if the text is not found.
        return attempt(() => searched(sourceOf(value)) ?? (isDescribable(value) ? located(value) : undefined));
    }

    // Whether the text is of a class that may have static private fields.
    function mayHavePrivates(source) {
        const at = indexOf(source, "static");
        return at >= 0 && indexOf(source, "#", at) >= 0;
    }

    // Whether the inspector can list the properties without code of a snippet. It calls the traps of a proxy that the
    // function inherits from, and copies a description of each value, which may be long.
    function isDescribable(value) {
        const source = sourceOf(value);
        const isSimple = hasNoProxy(value) && source.length <= LONGEST && !mayHavePrivates(source);
        // What a bound function is bound to cannot be looked at.
        const isPlainFunction = isSimple && exec(NATIVE, source) === null && hasPlainPrototype(value);
        const keys = isPlainFunction ? ownKeys(value) : undefined;
        let are = keys !== undefined && keys.length <= MOST_KEYS;
        for (let index = 0; are && index < keys.length; index++) {
            const { value: held, get, set } = descriptorOf(value, keys[index]) ?? {};
            are = isShort(keys[index]) && isShort(held) && isShort(get) && isShort(set);
            are &&= typeof held !== "object" || held === null || isProxy(held) || isPlain(held);
        }
        return are;
    }

    function hasPlainPrototype(value) {
        const prototype = getPrototypeOf(value);
        return typeof prototype === "object" ? isPlain(prototype) : isShort(prototype);
    }

    function isShort(held) {
        switch (typeof held) {
            case "bigint":
                return held < LARGEST && held > -LARGEST;
            case "function":
                return isProxy(held) || sourceOf(held).length <= LONGEST;
            case "string":
            case "symbol":
                return String(held).length <= LONGEST;
            default:
                return true;
        }
    }

    // The inspector reads the stack of an error, and, in Node.js 20, `splice` and `length` of an object.
    function isPlain(held) {
        let object = hasNoProxy(held) ? held : undefined;
        while (object && isPlainAlone(object)) {
            object = getPrototypeOf(object);
        }
        return object === null;
    }

    function isPlainAlone(object) {
        const isBare = !isNativeError(object) && isData(object, "splice") && isData(object, "length");
        return isBare && isShort(descriptorOf(object, toStringTag)?.value);
    }

    function isData(object, key) {
        const found = descriptorOf(object, key);
        return found === undefined || "value" in found;
    }

    function located(value) {
        const word = "$noderepl_described";
        let place;
        defineProperty(realm, word, { __proto__: null, value, configurable: true });
        try {
            post(
                "Runtime.evaluate",
                { __proto__: null, expression: word, objectGroup: "completion" },
                (_, { result }) => {
                    const about = { __proto__: null, objectId: result.objectId, ownProperties: true };
                    post("Runtime.getProperties", about, (__, answer) => {
                        const found = answer?.internalProperties ?? [];
                        for (let index = 0; index < found.length; index++) {
                            place = found[index].name === "[[FunctionLocation]]" ? found[index].value.value : place;
                        }
                    });
                },
            );
        } finally {
            delete realm[word];
            post("Runtime.releaseObjectGroup", { objectGroup: "completion" });
        }
        return place === undefined ? undefined : debugged((ask, scripts) => script(ask, scripts, place));
    }

    function script(ask, scripts, { scriptId, lineNumber }) {
        let url = "";
        for (let index = 0; index < scripts.length; index++) {
            url = scripts[index].scriptId === scriptId ? scripts[index].url : url;
        }
        return { __proto__: null, url, line: lineNumber + 1, text: textOf(ask, scriptId) };
    }

    function textOf(ask, scriptId) {
        return ask("Debugger.getScriptSource", { __proto__: null, scriptId })?.scriptSource ?? "";
    }

    // Returns the only place of a text in snippets and files, undefined if there are more. Other scripts are the
    // requests that have brought the snippets, and texts that snippets have evaluated.
    function searched(source) {
        return exec(NATIVE, source) === null ? debugged((ask, scripts) => onlyPlace(ask, scripts, source)) : undefined;
    }

    function onlyPlace(ask, scripts, source) {
        const query = slice(exec(FIRST_LINE, source)[0], 0, LINE);
        let total = 0;
        let place;
        for (let index = 0; index < scripts.length; index++) {
            const { scriptId, url, length, startLine } = scripts[index];
            if (exec(NAMED, url) === null) {
                continue;
            }
            total += length;
            if (total > MOST_TEXT) {
                return undefined;
            }
            const how = { __proto__: null, scriptId, query, caseSensitive: true };
            if (length >= source.length && ask("Debugger.searchInContent", how)?.result.length > 0) {
                const text = textOf(ask, scriptId);
                const at = indexOf(text, source);
                if (at >= 0 && (place !== undefined || indexOf(text, source, at + 1) >= 0)) {
                    return undefined;
                }
                place = at < 0 ? place : { __proto__: null, url, line: startLine + lineOf(text, at), text };
            }
        }
        return place;
    }

    function lineOf(text, offset) {
        let line = 1;
        for (let at = indexOf(text, "\n"); at >= 0 && at < offset; at = indexOf(text, "\n", at + 1)) {
            line += 1;
        }
        return line;
    }

    // action(ask, scripts): with a debugger. ask(method, parameters) returns its answer.
    function debugged(action) {
        const session = new Session();
        const scripts = [];
        const emit = (event, message) => {
            if (event === "Debugger.scriptParsed") {
                scripts[scripts.length] = message.params;
            }
        };
        defineProperty(session, "emit", { __proto__: null, value: emit });
        connect(session);
        try {
            const ask = (method, parameters) => {
                let answer;
                postTo(session, method, parameters, (_, found) => (answer = found));
                return answer;
            };
            ask("Debugger.enable", { __proto__: null });
            const found = action(ask, scripts);
            ask("Debugger.disable", { __proto__: null });
            return found;
        } finally {
            disconnect(session);
        }
    }

    return locationOf;
});

// Where the text of a function is, for description.js: only the inspector and its debugger know it.
//
// locationOf(value) returns {"url", "line", "text": of the script}, undefined for what is no function or has no text.
(function functionLocations(tools) {
    const { realm, primordials, post, descriptorOf, getBuiltinModule, getOwnPropertyNames } = tools;
    const { isNativeError, isProxy, attempt, lengthOf } = tools;
    const { defineProperty } = tools.Object;
    const { Session } = getBuiltinModule("inspector");
    const connect = primordials.uncurried(Session.prototype.connect);
    const disconnect = primordials.uncurried(Session.prototype.disconnect);
    const postTo = primordials.uncurried(Session.prototype.post);
    const MOST_NAMES = 200;

    // The inspector describes each property of the function: for an error, it reads its stack.
    function locationOf(value) {
        if (typeof value !== "function" || isProxy(value)) {
            return undefined;
        }
        if (lengthOf(value) > 0) {
            return undefined;
        }
        const own = getOwnPropertyNames(value);
        for (let index = 0; index < own.length && index < MOST_NAMES; index++) {
            if (isNativeError(descriptorOf(value, own[index])?.value)) {
                return undefined;
            }
        }
        return attempt(() => located(value));
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
                    post("Runtime.getProperties", about, (__, { internalProperties: found }) => {
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
        return place === undefined ? undefined : script(place);
    }

    // Returns the file and the text of a script. Only the debugger has them.
    function script({ scriptId, lineNumber }) {
        const session = new Session();
        let url = "";
        let text = "";
        const emit = (event, message) => {
            if (event === "Debugger.scriptParsed" && message.params.scriptId === scriptId) {
                ({ url } = message.params);
            }
        };
        defineProperty(session, "emit", { __proto__: null, value: emit });
        connect(session);
        try {
            postTo(session, "Debugger.enable");
            postTo(
                session,
                "Debugger.getScriptSource",
                { scriptId },
                (_, answer) => (text = answer?.scriptSource ?? ""),
            );
            postTo(session, "Debugger.disable");
        } finally {
            disconnect(session);
        }
        return { __proto__: null, url, line: lineNumber + 1, text };
    }

    return locationOf;
});

// Describes errors: stacks with positions in the typed text, without internal frames, and the source line.
//
// A frame names its snippet by its label: `[3]` for the snippet of that number, or the name of a file.
//
// Error.prepareStackTrace is the prelude's unless a snippet sets one, so that stacks that snippets print are the same;
// a snippet's own one gets the same frames.
//
// file(): the path of the program's file. headOf(error), withoutLoader(text), written(text): see messages.js.
(function stacks({ realm, primordials, inspect, typed, placeOf, file, headOf, withoutLoader, written }) {
    const { Error, Map, Math, Number, Object, Proxy, Reflect, RegExp, String, SyntaxError, WeakMap } = realm;
    const { defineProperty, getOwnPropertyDescriptor } = Object;
    const { apply } = Reflect;
    const { max } = Math;
    const { replace } = primordials;
    const { exec } = primordials.RegExp;
    const { indexOf, lastIndexOf, slice, startsWith } = primordials.String;
    const { get, set, delete: remove } = primordials.Map;
    const { get: getOf, set: setOf } = primordials.WeakMap;
    const { isNativeError } = realm.require("util/types");
    const { runInNewContext } = realm.require("vm");
    const OWN = "noderepl-prelude"; // the name of this script
    const NAME = /\brepl-(\d+):(\d+):(\d+)/g;
    const ORIGIN = /\(:(\d+):(\d+)\)/g; // of code of eval(), in a script without a name
    const LOADERS = "node:internal/modules/"; // frames of require() and import
    const CALLERS = { __proto__: null, enter: 1, measured: 1, inTurn: 1 }; // of the function of a file, or a snippet's
    const KEPT = 1000; // snippets whose positions are known
    const LENT = 100;
    const DEEPEST = 50; // frames of an error that are compared with those of other objects
    const WIDEST = 200; // of a source line that is shown whole
    const scripts = new Map(); // number -> the script of the snippet (scripts.js)
    const places = new WeakMap(); // error -> the position of its top frame in a snippet
    const lent = new Map(); // frames of an object that is no error -> its position
    const lenders = []; // the latest of those frames, a ring buffer
    let lending = 0;
    const preparers = new WeakMap(); // a snippet's own prepareStackTrace -> its proxy, and the proxy -> itself
    let latest; // number of a snippet
    let preparer; // the function that formats stacks

    prepare();

    // Returns the expression of a snippet with the name that identifies its frames.
    function named({ number, request, script }) {
        latest = number;
        script.label = labelFor(number, request);
        script.path = request.program?.file ? file() : script.label;
        set(scripts, number, script);
        remove(scripts, number - KEPT);
        if (getOwnPropertyDescriptor(Error, "prepareStackTrace") === undefined) {
            prepare();
        }
        return `${script.expression}\n//# sourceURL=repl-${number}`;
    }

    function prepare() {
        preparer = prepareStackTrace;
        const access = { __proto__: null, get: () => preparer, set: prepareBy, configurable: true };
        defineProperty(Error, "prepareStackTrace", access);
    }

    function prepareBy(own) {
        if (typeof own !== "function" || own === prepareStackTrace) {
            preparer = prepareStackTrace;
            return;
        }
        if (getOf(preparers, own) === undefined) {
            const call = (target, self, given) => apply(target, self, [given[0], frames(given[0], given[1]).kept]);
            const made = new Proxy(own, { __proto__: null, apply: call });
            setOf(preparers, own, made);
            setOf(preparers, made, made);
        }
        preparer = getOf(preparers, own);
    }

    // Does something while no snippet's function prepares stacks; nothing if that cannot be.
    function withOwnStacks(action) {
        const before = getOwnPropertyDescriptor(Error, "prepareStackTrace");
        if (before !== undefined && before.configurable !== true) {
            return;
        }
        defineProperty(Error, "prepareStackTrace", { __proto__: null, value: prepareStackTrace, configurable: true });
        try {
            action();
        } finally {
            if (before === undefined) {
                delete Error.prepareStackTrace;
            } else {
                defineProperty(Error, "prepareStackTrace", { ...before, __proto__: null });
            }
        }
    }

    function prepareStackTrace(error, sites) {
        const { kept, first } = frames(error, sites);
        let users = ""; // from the first frame in a snippet on
        let text = headOf(error);
        for (let index = 0; index < kept.length; index++) {
            const line = `\n    at ${kept[index]}`;
            users += index >= first ? line : "";
            text += line;
        }
        if (users !== "" && !isNativeError(error)) {
            lend(error, users);
        }
        return text;
    }

    // Node.js' fetch() appends the stack of an object to that of its error.
    function lend(object, users) {
        const at = getOf(places, object);
        if (at !== undefined) {
            remove(lent, lenders[lending]);
            lenders[lending] = users;
            set(lent, users, at);
            lending = (lending + 1) % LENT;
        }
    }

    function lentPlace(error) {
        return attempt(() => {
            const { stack } = error;
            let at = stack.length;
            for (let count = 0; count < DEEPEST && at > 0; count++) {
                at = lastIndexOf(stack, "\n    at ", at - 1);
                const found = at >= 0 ? get(lent, slice(stack, at)) : undefined;
                if (found !== undefined) {
                    return found;
                }
            }
            return undefined;
        });
    }

    // Returns the frames without internal ones, and the index of the first in a snippet. The inspector calls a snippet,
    // and this script calls the inspector.
    function frames(error, sites) {
        const kept = [];
        const numbers = [];
        for (let index = 0; index < sites.length && !isEnd(sites, index); index++) {
            if (!isOurs(sites[index]) && !isLoaders(sites[index]) && !isCallOfFile(sites[index])) {
                numbers[kept.length] = numberOf(sites[index]);
                kept[kept.length] = sites[index];
            }
        }
        let number = latest;
        let first = kept.length;
        let starter; // the number of the snippet at the bottom
        for (let index = kept.length - 1; index >= 0; index--) {
            number = numbers[index] ?? number;
            starter ??= numbers[index];
            first = numbers[index] === undefined ? first : index;
            place(kept[index], number, error, starter);
        }
        return { kept, first };
    }

    function isEnd(sites, index) {
        const site = sites[index];
        return isInspectors(site)
            ? index === sites.length - 1 || isOurs(sites[index + 1])
            : isOurs(site) && CALLERS[site.getFunctionName()] === 1;
    }

    // The function of a file is called in front of the file's text.
    function isCallOfFile(site) {
        const script = get(scripts, numberOf(site));
        return script?.pieces[0][2] === 0 && site.getLineNumber() === 1 && site.getColumnNumber() === 1;
    }

    // Makes a frame return its position in the typed text. number: of its snippet, or of the one that evaluated its
    // code. starter: of the snippet whose call led to the frame.
    function place(site, number, error, starter) {
        const text = withTypedPlaces(String(site));
        if (numberOf(site) !== undefined) {
            const at = placeIn(number, site.getLineNumber(), site.getColumnNumber());
            setOf(places, error, at && { ...at, __proto__: null, starter });
            const path = get(scripts, number)?.path ?? labelOf(number);
            override(site, "getFileName", path);
            override(site, "getScriptNameOrSourceURL", path);
            override(site, "getLineNumber", at?.line ?? site.getLineNumber());
            override(site, "getColumnNumber", at?.column ?? site.getColumnNumber());
            override(site, "toString", text);
        } else if (site.isEval()) {
            const origin = (source) =>
                source && replace(source, ORIGIN, (found) => `(${placed(number, found[1], found[2])})`);
            override(site, "getEvalOrigin", origin(site.getEvalOrigin()));
            override(site, "toString", origin(text));
        }
    }

    function override(site, method, value) {
        defineProperty(site, method, { __proto__: null, value: () => value, configurable: true, writable: true });
    }

    function isInspectors(site) {
        return site.getFileName() === "node:inspector";
    }

    function isOurs(site) {
        return site.getScriptNameOrSourceURL() === OWN;
    }

    function isLoaders(site) {
        return startsWith(site.getFileName() ?? "", LOADERS);
    }

    function labelFor(number, { aside, file: name }) {
        return name || (aside ? "noderepl" : `[${number}]`);
    }

    function labelOf(number) {
        return get(scripts, number)?.label ?? `[${number}]`;
    }

    // Returns the number of the snippet with a frame, undefined for any other frame.
    function numberOf(site) {
        const found = exec(/^repl-(\d+)$/, site.getScriptNameOrSourceURL() ?? "");
        return found === null ? undefined : Number(found[1]);
    }

    function withTypedPlaces(text) {
        return written(replace(text, NAME, (found) => placed(found[1], found[2], found[3])));
    }

    function placed(number, line, column) {
        const at = placeIn(Number(number), Number(line), Number(column)) ?? { line, column };
        return `${labelOf(Number(number))}:${at.line}:${at.column}`;
    }

    function placeIn(number, line, column) {
        const script = get(scripts, number);
        const { label } = script ?? {};
        return script && attempt(() => ({ ...typed(script, line, column), __proto__: null, label, starter: number }));
    }

    // Throws the error of a snippet that cannot run.
    function refuse({ number, request }) {
        const { text, refusal } = request;
        if (!refusal) {
            return;
        }
        const { sentence, start } = refusal;
        const error = new SyntaxError(sentence);
        defineProperty(error, "stack", { __proto__: null, value: `SyntaxError: ${sentence}`, configurable: true });
        setOf(places, error, { ...placeOf(text, start), __proto__: null, label: labelFor(number, request) });
        throw error;
    }

    // Describes a thrown value. details: the inspector's, used for a snippet that does not parse.
    function describe(error, options, number, details) {
        const isError = isNativeError(error);
        const described = { __proto__: null, name: typeof error, message: "", stack: "" };
        const part = (key) => attempt(() => String(error[key]));
        if (!isError && !attempt(() => typeof error.stack === "string" && error.stack !== "")) {
            described.message = attempt(() => inspect(error, options)) ?? "what was thrown cannot be shown";
            return described;
        }
        described.name = part("name") ?? "Error";
        described.message = part("message") ?? "";
        const isPrograms = options.customInspect === false;
        const isMissing = !isPrograms && part("code") === "MODULE_NOT_FOUND";
        const stack = () => attempt(() => String(error.stack));
        const raw = (isMissing ? stack() : attempt(() => inspect(error, options))) ?? stack() ?? headOf(error);
        const whole = isPrograms && !(error instanceof SyntaxError) ? withTypedPlaces(raw) : clean(raw, error);
        const text = isMissing ? withoutLoader(whole) : whole;
        const found = getOf(places, error) ?? lentPlace(error) ?? firstPlace(raw);
        const at = found ?? (details && isParsersOwn(error, details) ? unparsed(number, details) : undefined);
        described.isUnparsed = found === undefined && at !== undefined;
        described.number = at?.starter;
        described.stack = at ? `${arrow(at)}\n${text}` : text;
        return described;
    }

    // inspect() puts a stack without frames in brackets.
    function clean(text, error) {
        const head = `[${headOf(error)}]`;
        const bare = startsWith(text, head) ? slice(head, 1, -1) + slice(text, head.length) : text;
        return withTypedPlaces(bare);
    }

    function firstPlace(text) {
        const found = exec(new RegExp(NAME.source), text);
        return found === null ? undefined : placeIn(Number(found[1]), Number(found[2]), Number(found[3]));
    }

    // The inspector reports the position of a snippet that did not parse; for all else one in Node.js' code.
    function isParsersOwn(error, { stackTrace }) {
        return stackTrace === undefined && error instanceof SyntaxError;
    }

    // The inspector counts from 0.
    function unparsed(number, { lineNumber, columnNumber }) {
        return placeIn(number, lineNumber + 1, columnNumber + 1);
    }

    function arrow({ label, line, column, source }) {
        const from = source.length > WIDEST ? max(0, column - WIDEST / 2) : 0;
        const shown = slice(source, from, from + WIDEST);
        const indent = replace(slice(shown, 0, column - 1 - from), /[^\t]/g, () => " ");
        return `${label}:${line}:${column}\n${shown}\n${indent}^\n`;
    }

    // Gives an error that Node.js made in its own code the stack of `witness`, made at the snippet's call.
    function relocate(error, witness) {
        const below = attempt(() => slice(witness.stack, headOf(witness).length));
        const at = getOf(places, witness);
        if (
            at !== undefined &&
            isNativeError(error) &&
            getOf(places, withStack(error)) === undefined &&
            isNodesAlone(error)
        ) {
            const value = (attempt(() => unparsedIn(error)) ?? "") + headOf(error) + below;
            defineProperty(error, "stack", { __proto__: null, value, configurable: true, writable: true });
            setOf(places, error, at);
        }
        return error;
    }

    // Returns file, line and caret of a module that does not parse. Node.js stores them separately until it prints the
    // error, or throws it in vm.
    function unparsedIn(error) {
        if (error instanceof SyntaxError) {
            attempt(() => runInNewContext("throw thrown", { __proto__: null, thrown: error }, OWN));
        }
        const { stack } = error;
        const at = indexOf(stack, headOf(error));
        return at > 0 && !startsWith(stack, OWN) ? slice(stack, 0, at) : "";
    }

    // Returns whether no frame is in a file: a module that throws has a position of its own.
    function isNodesAlone(error) {
        return attempt(() => exec(/\n +at (?!(?:async )?(?:.*\()?(?:node:|<anonymous>))/, error.stack)) === null;
    }

    // Positions are known after the first access to the stack.
    function withStack(error) {
        attempt(() => error.stack);
        return error;
    }

    function attempt(action) {
        try {
            return action();
        } catch {
            return undefined;
        }
    }

    return { own: OWN, named, describe, relocate, attempt, refuse, withOwnStacks, placeIn };
});

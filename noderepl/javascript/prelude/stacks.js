// Errors as their reader wants them: stacks that name what was typed, without frames of the machinery, and the line
// itself.
//
// Error.prepareStackTrace is the prelude's where no snippet has one of its own, so that stacks that snippets print
// themselves are the same; and one of a snippet's own is given the same frames.
(function stacks({ realm, primordials, inspect, typed, placeOf }) {
    const { Error, Map, Math, Number, Object, Proxy, Reflect, RegExp, String, SyntaxError, WeakMap } = realm;
    const { defineProperty, getOwnPropertyDescriptor, getOwnPropertySymbols, getPrototypeOf } = Object;
    const { apply } = Reflect;
    const { max } = Math;
    const { replace } = primordials;
    const { exec } = primordials.RegExp;
    const { indexOf, slice, startsWith } = primordials.String;
    const { get, set, delete: remove } = primordials.Map;
    const { get: getOf, set: setOf } = primordials.WeakMap;
    const toString = primordials.uncurried(Error.prototype.toString);
    const { isNativeError } = realm.require("util/types");
    const { runInNewContext } = realm.require("vm");
    const SHOWN = "repl";
    const OWN = "noderepl-prelude"; // the name that this very script has
    const NAME = /\brepl-(\d+):(\d+):(\d+)/g;
    const ORIGIN = /\(:(\d+):(\d+)\)/g; // of what eval() made, in a script without a name
    const FRAMES = /\n +at (?:async )?(?:.*\()?repl:\d+:\d+\)?(?:\n[^]*)?$/; // from the first one in a snippet on
    const KEPT = 1000; // snippets whose places are known
    const LENT = 100;
    const WIDEST = 200; // of a source line that is shown whole
    const scripts = new Map(); // number -> what scripts.js made of the snippet
    const places = new WeakMap(); // error -> where its uppermost frame in a snippet is
    const lent = new Map(); // frames of what is no error -> its place
    const lenders = []; // the latest of those frames, in the order of a ring
    let lending = 0;
    const preparers = new WeakMap(); // a snippet's own prepareStackTrace -> what calls it, and that -> itself
    let latest; // number of a snippet
    let preparer; // what makes the texts of stacks

    const MARK = findMark();

    prepare();

    // The expression with the name by which its frames are known.
    function named(number, script) {
        latest = number;
        set(scripts, number, script);
        remove(scripts, number - KEPT);
        if (getOwnPropertyDescriptor(Error, "prepareStackTrace") === undefined) {
            prepare();
        }
        return `${script.expression}\n//# sourceURL=${SHOWN}-${number}`;
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
            const call = (target, self, given) => apply(target, self, [given[0], frames(given[0], given[1])]);
            const made = new Proxy(own, { __proto__: null, apply: call });
            setOf(preparers, own, made);
            setOf(preparers, made, made);
        }
        preparer = getOf(preparers, own);
    }

    function prepareStackTrace(error, sites) {
        const shown = frames(error, sites);
        let text = headOf(error);
        for (let index = 0; index < shown.length; index++) {
            text += `\n    at ${shown[index]}`;
        }
        if (!isNativeError(error)) {
            lend(error, text);
        }
        return text;
    }

    // Node's fetch() puts the stack of an object behind that of its error.
    function lend(object, text) {
        const found = exec(FRAMES, text);
        const at = getOf(places, object);
        if (found !== null && at !== undefined) {
            remove(lent, lenders[lending]);
            lenders[lending] = found[0];
            set(lent, found[0], at);
            lending = (lending + 1) % LENT;
        }
    }

    function lentPlace(error) {
        const found = attempt(() => exec(FRAMES, error.stack));
        return found ? get(lent, found[0]) : undefined;
    }

    // Without the machinery's: a snippet is called by the inspector, and that by this script.
    function frames(error, sites) {
        const kept = [];
        for (let index = 0; index < sites.length && !isEnd(sites, index); index++) {
            if (!isOurs(sites[index])) {
                kept[kept.length] = sites[index];
            }
        }
        let number = latest;
        for (let index = kept.length - 1; index >= 0; index--) {
            number = numberOf(kept[index]) ?? number;
            place(kept[index], number, error);
        }
        return kept;
    }

    function isEnd(sites, index) {
        return isInspectors(sites[index]) && (index === sites.length - 1 || isOurs(sites[index + 1]));
    }

    // Makes a frame tell where it is in what was typed. number: of its snippet, or of that which evaluated its code.
    function place(site, number, error) {
        const text = withTypedPlaces(String(site));
        if (numberOf(site) !== undefined) {
            const at = placeIn(number, site.getLineNumber(), site.getColumnNumber());
            setOf(places, error, at);
            tell(site, "getFileName", SHOWN);
            tell(site, "getScriptNameOrSourceURL", SHOWN);
            tell(site, "getLineNumber", at?.line ?? site.getLineNumber());
            tell(site, "getColumnNumber", at?.column ?? site.getColumnNumber());
            tell(site, "toString", text);
        } else if (site.isEval()) {
            const origin = (source) =>
                source && replace(source, ORIGIN, (found) => `(${placed(number, found[1], found[2])})`);
            tell(site, "getEvalOrigin", origin(site.getEvalOrigin()));
            tell(site, "toString", origin(text));
        }
    }

    function tell(site, method, value) {
        defineProperty(site, method, { __proto__: null, value: () => value, configurable: true, writable: true });
    }

    function isInspectors(site) {
        return site.getFileName() === "node:inspector";
    }

    function isOurs(site) {
        return site.getScriptNameOrSourceURL() === OWN;
    }

    function numberOf(site) {
        const found = exec(/^repl-(\d+)$/, site.getScriptNameOrSourceURL() ?? "");
        return found === null ? undefined : Number(found[1]);
    }

    function headOf(error) {
        try {
            return MARK !== undefined && MARK in error
                ? `${error.name} [${error.code}]: ${error.message}`
                : toString(error);
        } catch {
            return "<error>";
        }
    }

    // What Node marks errors of its own with, whose stacks begin with their code as well.
    function findMark() {
        try {
            realm.require("path").join(null);
        } catch (error) {
            for (let object = error; object !== null; object = getPrototypeOf(object)) {
                const mark = getOwnPropertySymbols(object).find(({ description }) => description === "kIsNodeError");
                if (mark !== undefined) {
                    return mark;
                }
            }
        }
        return undefined;
    }

    function withTypedPlaces(text) {
        return replace(text, NAME, (found) => placed(found[1], found[2], found[3]));
    }

    function placed(number, line, column) {
        const at = placeIn(Number(number), Number(line), Number(column));
        return at ? `${SHOWN}:${at.line}:${at.column}` : `${SHOWN}:${line}:${column}`;
    }

    function placeIn(number, line, column) {
        const script = get(scripts, number);
        return script && attempt(() => typed(script, line, column));
    }

    // Throws the error of a snippet that cannot run.
    function refuse({ text, refusal }) {
        if (!refusal) {
            return;
        }
        const { sentence, start } = refusal;
        const error = new SyntaxError(sentence);
        defineProperty(error, "stack", { __proto__: null, value: `SyntaxError: ${sentence}`, configurable: true });
        setOf(places, error, placeOf(text, start));
        throw error;
    }

    // Describes something thrown. details: the inspector's, for a snippet that does not even parse.
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
        const raw = attempt(() => inspect(error, options)) ?? attempt(() => String(error.stack)) ?? headOf(error);
        const text = clean(raw, error);
        const found = getOf(places, error) ?? lentPlace(error) ?? firstPlace(raw);
        const at = found ?? (details && isParsersOwn(error, details) ? unparsed(number, details) : undefined);
        described.isUnparsed = found === undefined && at !== undefined;
        described.stack = at ? `${arrow(at)}\n${text}` : text;
        return described;
    }

    // What inspect() makes of a stack that has no frames is in brackets.
    function clean(text, error) {
        const head = `[${headOf(error)}]`;
        const bare = startsWith(text, head) ? slice(head, 1, -1) + slice(text, head.length) : text;
        return withTypedPlaces(bare);
    }

    function firstPlace(text) {
        const found = exec(new RegExp(NAME.source), text);
        return found === null ? undefined : placeIn(Number(found[1]), Number(found[2]), Number(found[3]));
    }

    // Of what did not parse the inspector tells the place in the snippet; of all else one in Node's own code.
    function isParsersOwn(error, { stackTrace }) {
        return stackTrace === undefined && error instanceof SyntaxError;
    }

    // The inspector counts from 0.
    function unparsed(number, { lineNumber, columnNumber }) {
        return placeIn(number, lineNumber + 1, columnNumber + 1);
    }

    function arrow({ line, column, source }) {
        const from = source.length > WIDEST ? max(0, column - WIDEST / 2) : 0;
        const shown = slice(source, from, from + WIDEST);
        const indent = replace(slice(shown, 0, column - 1 - from), /[^\t]/g, () => " ");
        return `${SHOWN}:${line}:${column}\n${shown}\n${indent}^\n`;
    }

    // An error that Node made in code of its own gets the stack of `witness`, which was made where the snippet asked
    // for it.
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

    // File, line and caret of a module that does not parse. Node keeps them apart until it prints the error, or throws
    // it in vm.
    function unparsedIn(error) {
        if (error instanceof SyntaxError) {
            attempt(() => runInNewContext("throw thrown", { __proto__: null, thrown: error }, OWN));
        }
        const { stack } = error;
        const at = indexOf(stack, headOf(error));
        return at > 0 && !startsWith(stack, OWN) ? slice(stack, 0, at) : "";
    }

    // Whether no frame is in a file: a module that throws tells its own place.
    function isNodesAlone(error) {
        return attempt(() => exec(/\n +at (?!(?:async )?(?:.*\()?(?:node:|<anonymous>))/, error.stack)) === null;
    }

    // Places are known once the stack has been asked for.
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

    return { own: OWN, named, describe, relocate, attempt, refuse };
});

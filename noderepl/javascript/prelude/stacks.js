// Errors as their reader wants them: stacks that name what was typed, without frames of the machinery, and the line itself.
//
// Error.prepareStackTrace is replaced, so that stacks that snippets print themselves are the same.
(function stacks({ realm, inspect, typed }) {
    const { Error, Map, Math, Number, Object, RegExp, String, SyntaxError, WeakMap } = realm;
    const { defineProperty, getOwnPropertySymbols, getPrototypeOf } = Object;
    const { max } = Math;
    const { toString } = Error.prototype;
    const { isNativeError } = realm.require("util/types");
    const SHOWN = "repl";
    const OWN = "noderepl-prelude"; // the name that this very script has
    const NAME = /\brepl-(\d+):(\d+):(\d+)/g;
    const MACHINERY = /\n +at [^\n]*?(?:noderepl-prelude|node:inspector|evalmachine\.<anonymous>)(?::\d+)+\)?/g;
    const KEPT = 1000; // snippets whose places are known
    const WIDEST = 200; // of a source line that is shown whole
    const scripts = new Map(); // number -> what scripts.js made of the snippet
    const places = new WeakMap(); // error -> where its uppermost frame in a snippet is
    const get = Map.prototype.get.call.bind(Map.prototype.get);
    const remove = Map.prototype.delete.call.bind(Map.prototype.delete);
    const set = Map.prototype.set.call.bind(Map.prototype.set);
    const getPlace = WeakMap.prototype.get.call.bind(WeakMap.prototype.get);
    const setPlace = WeakMap.prototype.set.call.bind(WeakMap.prototype.set);
    const replace = String.prototype.replace.call.bind(String.prototype.replace);

    const MARK = findMark();

    defineProperty(Error, "prepareStackTrace", { value: prepareStackTrace, configurable: true, writable: true });

    // The expression with the name by which its frames are known.
    function named(number, script) {
        set(scripts, number, script);
        remove(scripts, number - KEPT);
        return `${script.expression}\n//# sourceURL=${SHOWN}-${number}`;
    }

    function prepareStackTrace(error, sites) {
        const lines = frames(sites).map((site) => {
            const line = `    at ${withTypedPlaces(String(site))}`;
            const number = numberOf(site);
            if (number !== undefined && getPlace(places, error) === undefined) {
                setPlace(places, error, placeIn(number, site.getLineNumber(), site.getColumnNumber()));
            }
            return line;
        });
        return [headOf(error), ...lines].join("\n");
    }

    // A snippet is called by the inspector, and that by this script: all from there on is the machinery's.
    function frames(sites) {
        const isEnd = (site, index) => isInspectors(site) && (index === sites.length - 1 || isOurs(sites[index + 1]));
        const ends = sites.findIndex(isEnd);
        return (ends < 0 ? sites : sites.slice(0, ends)).filter((site) => !isOurs(site));
    }

    function isInspectors(site) {
        return site.getFileName() === "node:inspector";
    }

    function isOurs(site) {
        return site.getScriptNameOrSourceURL() === OWN;
    }

    function numberOf(site) {
        const found = /^repl-(\d+)$/.exec(site.getScriptNameOrSourceURL() ?? "");
        return found === null ? undefined : Number(found[1]);
    }

    function headOf(error) {
        try {
            return MARK !== undefined && MARK in error ? `${error.name} [${error.code}]: ${error.message}` : toString.call(error);
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
        return replace(text, NAME, (_, number, line, column) => {
            const place = placeIn(Number(number), Number(line), Number(column));
            return place ? `${SHOWN}:${place.line}:${place.column}` : `${SHOWN}:${line}:${column}`;
        });
    }

    function placeIn(number, line, column) {
        const script = get(scripts, number);
        return script && typed(script, line, column);
    }

    // Tells an error's place in a snippet that has not run.
    function placeAt(error, script, line, column) {
        setPlace(places, error, typed(script, line, column));
    }

    // What is told of something thrown. details: the inspector's, for a snippet that does not even parse.
    function describe(error, options, number, details) {
        const isError = isNativeError(error);
        const told = { __proto__: null, name: typeof error, message: "", stack: "" };
        const part = (key) => attempt(() => String(error[key]));
        if (!isError && !(attempt(() => typeof error.stack === "string" && error.stack !== ""))) {
            told.message = attempt(() => inspect(error, options)) ?? "what was thrown cannot be shown";
            return told;
        }
        told.name = part("name") ?? "Error";
        told.message = part("message") ?? "";
        const raw = attempt(() => inspect(error, options)) ?? attempt(() => String(error.stack)) ?? told.name;
        const text = clean(raw, error);
        const found = getPlace(places, error) ?? firstPlace(raw);
        const place = found ?? (details && isParsersOwn(error, details) ? unparsed(number, details) : undefined);
        told.isUnparsed = found === undefined && place !== undefined;
        told.stack = place ? `${arrow(place)}\n${text}` : text;
        return told;
    }

    // What inspect() makes of a stack that has no frames is in brackets. And where user code replaced prepareStackTrace, the
    // frames of the machinery are still there.
    function clean(text, error) {
        const head = `[${headOf(error)}]`;
        const bare = text.startsWith(head) ? head.slice(1, -1) + text.slice(head.length) : text;
        return withTypedPlaces(replace(bare, MACHINERY, ""));
    }

    function firstPlace(text) {
        const [, number, line, column] = new RegExp(NAME.source).exec(text) ?? [];
        return number === undefined ? undefined : placeIn(Number(number), Number(line), Number(column));
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
        const shown = source.slice(from, from + WIDEST);
        const indent = shown.slice(0, column - 1 - from).replace(/[^\t]/g, " ");
        return `${SHOWN}:${line}:${column}\n${shown}\n${indent}^\n`;
    }

    // An error that Node made in code of its own gets the stack of `witness`, which was made where the snippet asked for it.
    function relocate(error, witness) {
        const frames = attempt(() => witness.stack.slice(headOf(witness).length));
        const place = getPlace(places, witness);
        if (place !== undefined && isNativeError(error) && getPlace(places, withStack(error)) === undefined && isNodesAlone(error)) {
            defineProperty(error, "stack", { value: headOf(error) + frames, configurable: true, writable: true });
            setPlace(places, error, place);
        }
        return error;
    }

    // Whether no frame is in a file: a module that throws tells its own place.
    function isNodesAlone(error) {
        return attempt(() => /\n +at (?!(?:async )?(?:.*\()?(?:node:|<anonymous>))/.test(error.stack)) !== true;
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

    return { named, describe, relocate, attempt, placeAt };
});

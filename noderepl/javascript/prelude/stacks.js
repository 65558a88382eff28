// Describes errors: stacks with positions in the typed text, without internal frames, and the source line.
//
// Error.prepareStackTrace is the prelude's unless a snippet sets one, so that stacks that snippets print are the same;
// a snippet's own one gets the same frames.
//
// file(): the path of the program's file.
(function stacks({ realm, primordials, inspect, typed, placeOf, file }) {
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
    const { basename } = realm.require("path");
    const { runInNewContext } = realm.require("vm");
    const SHOWN = "repl";
    const OWN = "noderepl-prelude"; // the name of this script
    const NAME = /\brepl-(\d+):(\d+):(\d+)/g;
    const ORIGIN = /\(:(\d+):(\d+)\)/g; // of code of eval(), in a script without a name
    const KEPT = 1000; // snippets whose positions are known
    const LENT = 100;
    const WIDEST = 200; // of a source line that is shown whole
    const scripts = new Map(); // number -> the script of the snippet (scripts.js)
    const places = new WeakMap(); // error -> the position of its top frame in a snippet
    const lent = new Map(); // frames of an object that is no error -> its position
    const lenders = []; // the latest of those frames, a ring buffer
    let lending = 0;
    const preparers = new WeakMap(); // a snippet's own prepareStackTrace -> its proxy, and the proxy -> itself
    let latest; // number of a snippet
    let ours; // the frames from the first one in a snippet on
    let preparer; // the function that formats stacks

    const MARK = findMark();

    prepare();

    // Returns the expression with the name that identifies its frames. program: see programs.js.
    function named(number, script, program) {
        latest = number;
        script.path = program?.file ? file() : SHOWN;
        script.shown = nameOf(program);
        const words = replace(script.shown, /\W/g, (found) => `\\${found[0]}`);
        ours = new RegExp(`\\n +at (?:async )?(?:.*\\()?(?:${SHOWN}|${words}):\\d+:\\d+\\)?(?:\\n[^]*)?$`);
        set(scripts, number, script);
        remove(scripts, number - KEPT);
        if (getOwnPropertyDescriptor(Error, "prepareStackTrace") === undefined) {
            prepare();
        }
        return `${script.expression}\n//# sourceURL=${SHOWN}-${number}`;
    }

    function nameOf(program) {
        return program?.file ? basename(program.file) : SHOWN;
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

    // Node.js' fetch() appends the stack of an object to that of its error.
    function lend(object, text) {
        const found = exec(ours, text);
        const at = getOf(places, object);
        if (found !== null && at !== undefined) {
            remove(lent, lenders[lending]);
            lenders[lending] = found[0];
            set(lent, found[0], at);
            lending = (lending + 1) % LENT;
        }
    }

    function lentPlace(error) {
        const found = attempt(() => exec(ours, error.stack));
        return found ? get(lent, found[0]) : undefined;
    }

    // Without internal frames: the inspector calls a snippet, and this script calls the inspector.
    function frames(error, sites) {
        const kept = [];
        for (let index = 0; index < sites.length && !isEnd(sites, index); index++) {
            if (!isOurs(sites[index]) && !isCallOfFile(sites[index])) {
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
        const site = sites[index];
        return isInspectors(site)
            ? index === sites.length - 1 || isOurs(sites[index + 1])
            : isOurs(site) && site.getFunctionName() === "enter"; // the function of a file was called
    }

    // The function of a file is called in front of the file's text.
    function isCallOfFile(site) {
        const script = get(scripts, numberOf(site));
        return script?.pieces[0][2] === 0 && site.getLineNumber() === 1 && site.getColumnNumber() === 1;
    }

    // Makes a frame return its position in the typed text. number: of its snippet, or of the one that evaluated its
    // code.
    function place(site, number, error) {
        const text = withTypedPlaces(String(site));
        if (numberOf(site) !== undefined) {
            const at = placeIn(number, site.getLineNumber(), site.getColumnNumber());
            setOf(places, error, at);
            const path = get(scripts, number)?.path ?? SHOWN;
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

    // Returns the mark of Node.js' own errors, whose stacks begin with their code as well.
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
        const shown = get(scripts, Number(number))?.shown ?? SHOWN;
        return at ? `${shown}:${at.line}:${at.column}` : `${shown}:${line}:${column}`;
    }

    function placeIn(number, line, column) {
        const script = get(scripts, number);
        return (
            script && attempt(() => ({ __proto__: null, ...typed(script, line, column), number, shown: script.shown }))
        );
    }

    // Throws the error of a snippet that cannot run.
    function refuse({ text, refusal, program }) {
        if (!refusal) {
            return;
        }
        const { sentence, start } = refusal;
        const error = new SyntaxError(sentence);
        defineProperty(error, "stack", { __proto__: null, value: `SyntaxError: ${sentence}`, configurable: true });
        setOf(places, error, { __proto__: null, ...placeOf(text, start), shown: nameOf(program) });
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
        const raw = attempt(() => inspect(error, options)) ?? attempt(() => String(error.stack)) ?? headOf(error);
        const isWhole = options.customInspect === false && !(error instanceof SyntaxError);
        const text = isWhole ? withTypedPlaces(raw) : clean(raw, error);
        const found = getOf(places, error) ?? lentPlace(error) ?? firstPlace(raw);
        const at = found ?? (details && isParsersOwn(error, details) ? unparsed(number, details) : undefined);
        described.isUnparsed = found === undefined && at !== undefined;
        described.number = at?.number;
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

    function arrow({ line, column, source, shown: name }) {
        const from = source.length > WIDEST ? max(0, column - WIDEST / 2) : 0;
        const shown = slice(source, from, from + WIDEST);
        const indent = replace(slice(shown, 0, column - 1 - from), /[^\t]/g, () => " ");
        return `${name}:${line}:${column}\n${shown}\n${indent}^\n`;
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

    return { own: OWN, named, describe, relocate, attempt, refuse };
});

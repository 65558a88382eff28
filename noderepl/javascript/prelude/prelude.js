// Runs snippets inside the session as a DevTools console would: one call for each, one answer for each.
//
// Contract with ../prelude.py, which sends the files of this directory once per session:
//   install(realm, name, parts, watchdog) makes `name` a property of the global object `realm` that nobody can change; where
//   it is there already it does nothing. It throws where the session has no inspector.
//   realm[name].run($$, request) evaluates one snippet, realm[name].whole($$, request) tells its last value uncut,
//   realm[name].recall($$, {id}) gives the answer of a snippet again ("unbegun", "running", "forgotten": answers.js). All
//   answer through the kernel's `$$`, always and once, with the text "noderepl:" + JSON:
//     {"kind": "value" | "error" | "timeout" | "exit", "id", "number", "ms", "text"?, "data"?, "error"?: {"name", "message",
//      "stack"}, "code"?, "media": [{"mime", "data", "base64"}], "late": [{"name", "message", "stack"}], "notes": [text]}
//   request: {"id", "text", "edits", "declarations", "assignments" (scripts.js), "typescript", "seconds", "width", "depth"}
// User code may replace anything that it can reach, so all that is used later is held here from the beginning.
(function install(realm, name, parts, watchdog) {
    "use strict";
    const { BigInt, JSON, Number, Object, TypeError, require } = realm;
    const { defineProperty, freeze, getOwnPropertyDescriptor, setPrototypeOf } = Object;
    if (getOwnPropertyDescriptor(realm, name) !== undefined) {
        return;
    }
    const { Session } = require("inspector");
    const { inspect } = require("util");
    const { setTimeout, clearTimeout, setImmediate } = require("timers");
    const { performance } = require("perf_hooks");
    const { stringify } = JSON;
    const now = performance.now.bind(performance);
    const KEPT_RESULTS = 1000;

    let session;
    let receiver; // the id by which the inspector knows what takes values from it
    const post = (...message) => session.post(...message);
    let run = null; // the snippet that has no answer yet
    let count = 0;
    let taken;
    let options = {};
    const last = { __proto__: null, value: undefined, error: undefined };

    const scripts = parts.scripts({ realm, name, post });
    const stacks = parts.stacks({ realm, inspect, typed: scripts.typed });
    const awaits = parts.awaits({ realm });
    const modules = parts.modules({ realm, note, hold: awaits.hold, relocate: stacks.relocate });
    const displays = parts.displays({ realm, inspect, attempt: stacks.attempt });
    const watch = parts.watch({ realm, name }, watchdog);
    const report = (error) => stacks.describe(error, options);
    const current = () => run;
    const guards = parts.guards({ realm, name, post, current, exit, report, isExposed: displays.isExposed });
    const types = parts.typescript({ realm });
    const answers = parts.answers();

    const api = { __proto__: null, run: start, recall, whole, expire, unwind: guards.unwind, take };
    api.hold = awaits.hold;
    api.holdAll = awaits.holdAll;
    api.needed = guards.needed;
    api.import = modules.dynamic;
    api.load = modules.load;
    defineProperty(api, "meta", { get: modules.meta });
    defineProperty(api, "constant", { set: assignToConstant });
    defineProperty(realm, name, { value: freeze(api) });
    remember("_", "value");
    remember("_error", "error");
    connect();

    function connect() {
        session = new Session();
        session.connect();
        post("Runtime.evaluate", { expression: name }, (_, { result }) => (receiver = result.objectId));
    }

    function start(kernel, request) {
        if (!answers.begin(request.id)) {
            recall(kernel, request);
            return;
        }
        kernel.async();
        const current = {
            __proto__: null,
            kernel,
            request,
            number: ++count,
            began: now(),
            waiting: false, // for $$.done() or another function of `$$`
            isSynchronous: true, // it has not come to its first await, nor to its end
            isSettled: false, // nothing more is to be heard of it
            ended: null, // its answer
            script: null,
            promise: null, // of the evaluation, held while this is the current one (awaits.js)
            media: [],
            displays: { __proto__: null },
            notes: [],
            timer: null,
        };
        run = current;
        options = { breakLength: request.width, depth: request.depth, maxArrayLength: 100, maxStringLength: 10000 };
        displays.expose(current, { finish, fail });
        current.timer = setTimeout(expire, request.seconds * 1000);
        watch.arm(request.seconds * 1000);
        try {
            current.script = types.strip(scripts.compile(request), request.typescript);
            const expression = stacks.named(current.number, current.script);
            const how = { expression, replMode: true, silent: true, objectGroup: "snippet" };
            current.promise = awaits.firstMade(() =>
                post("Runtime.evaluate", how, (failure, answer) => settle(current, failure, answer)),
            );
        } catch (error) {
            fail(current, error);
        }
        current.isSynchronous = false;
    }

    // A failure is the inspector's own: the snippet was ended by process.exit() or by the watchdog.
    function settle(current, failure, answer) {
        current.isSettled = true;
        mend(current.notes, current.request);
        if (current.ended === null) {
            if (failure) {
                end(current, timeout(current));
            } else if (answer.exceptionDetails) {
                fail(current, valueOf(answer.exceptionDetails.exception), answer.exceptionDetails);
            } else if (!current.waiting) {
                finish(current, valueOf(answer.result));
            }
        }
        post("Runtime.releaseObjectGroup", { objectGroup: "snippet" });
    }

    // The value itself, of what the inspector describes.
    function valueOf({ type, subtype, objectId, value, unserializableValue }) {
        if (objectId !== undefined) {
            post("Runtime.callFunctionOn", {
                objectId: receiver,
                functionDeclaration: "function (value) { this.take(value); }",
                arguments: [{ objectId }],
                silent: true,
            });
            const found = taken;
            taken = undefined;
            return found;
        }
        if (unserializableValue === undefined) {
            return subtype === "null" ? null : value;
        }
        return type === "bigint" ? BigInt(unserializableValue.slice(0, -1)) : Number(unserializableValue);
    }

    function take(value) {
        taken = value;
    }

    // shown: what a function of `$$` was given instead of a value.
    function finish(current, value, shown) {
        if (current.ended !== null) {
            return;
        }
        const told = value === undefined ? shown : displays.describe(current, value, options);
        if (value !== undefined) {
            last.value = value;
            keep(current.number, value);
        }
        end(current, { __proto__: null, kind: "value", text: told?.text, data: told?.data });
    }

    function fail(current, error, details) {
        if (current.ended !== null) {
            return;
        }
        last.error = error;
        const told = stacks.describe(error, options, details && current.number, details);
        if (current.script !== null && told.isUnparsed) {
            scripts.undo(current.script);
        }
        end(current, { __proto__: null, kind: "error", error: told });
    }

    function expire() {
        if (run !== null) {
            end(run, timeout(run));
            leave(run);
        }
    }

    function timeout({ request }) {
        return { __proto__: null, kind: "timeout", text: `${request.seconds} s` };
    }

    function exit(code, text) {
        end(run, { __proto__: null, kind: "exit", code, text });
    }

    // What goes on after its answer is not heard of again; the inspector would tell of it at a time when Node.js cannot take it
    // (awaits.js).
    function leave(current) {
        if (!current.isSettled && !current.isSynchronous) {
            current.isSettled = true;
            session.disconnect();
            connect();
        }
    }

    // The answer goes out a turn of the event loop later, with what was thrown or rejected at the snippet's very end.
    function end(current, answer) {
        current.ended ??= answer;
        setImmediate(send, current);
    }

    function send(current) {
        if (run !== current) {
            return;
        }
        leave(current);
        clearTimeout(current.timer);
        watch.disarm();
        run = null;
        const { ended, number, media, notes } = current;
        answer(current, { ...ended, __proto__: null, number, ms: now() - current.began, media, notes });
    }

    // The last value uncut: its text, or the bytes that it is.
    function whole(kernel, request) {
        const { value } = last;
        const { width, depth } = request;
        const how = { breakLength: width, depth, maxArrayLength: null, maxStringLength: null };
        const text = typeof value === "string" ? value : inspect(value, how);
        const media = displays.bytesOf(value);
        kernel.async();
        answer({ kernel, request }, { __proto__: null, kind: "value", number: count, ms: 0, text, media, notes: [] });
    }

    function answer({ kernel, request }, told) {
        mend(told.notes, request);
        told.media = bare(told.media);
        told.notes = bare(told.notes);
        told.late = bare(guards.takeLate());
        told.id = request.id;
        const text = stringify(told);
        if (request.id !== undefined) {
            answers.keep(request.id, text);
        }
        kernel.text(`noderepl:${text}`);
    }

    function recall(kernel, { id }) {
        kernel.async();
        kernel.text(`noderepl:${answers.of(id)}`);
    }

    function mend(notes, { declarations = [] }) {
        for (const word of guards.restore((word) => declarations.some(({ names }) => names.includes(word)))) {
            notes[notes.length] = `${word} was put back as it was: the session itself needs it.`;
        }
    }

    // Without prototypes, so that no toJSON of the user's is met.
    function bare(list) {
        for (let index = 0; index < list.length; index++) {
            if (typeof list[index] === "object") {
                setPrototypeOf(list[index], null);
            }
        }
        return setPrototypeOf(list, null);
    }

    function note(text) {
        if (run !== null) {
            run.notes[run.notes.length] = text;
        }
    }

    // Assigned to, the name is the user's from then on.
    function remember(word, key) {
        if (getOwnPropertyDescriptor(realm, word) === undefined) {
            const set = (value) =>
                defineProperty(realm, word, { value, configurable: true, enumerable: true, writable: true });
            defineProperty(realm, word, { configurable: true, get: () => last[key], set });
        }
    }

    function keep(number, value) {
        if (number > KEPT_RESULTS) {
            delete realm[`_${number - KEPT_RESULTS}`];
        }
        if (getOwnPropertyDescriptor(realm, `_${number}`) === undefined) {
            defineProperty(realm, `_${number}`, { value, configurable: true, writable: true });
        }
    }

    function assignToConstant() {
        throw new TypeError("Assignment to constant variable.");
    }
});

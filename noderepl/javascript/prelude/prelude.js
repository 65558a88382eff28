// Runs snippets inside the session as a DevTools console would: one call for each, one answer for each.
//
// Contract with ../prelude.py, which sends the files of this directory once per session:
//   install(realm, name, parts, watchdog) makes `name` a property of the global object `realm` that nobody can change; where
//   it is there already it does nothing. It throws where the session has no inspector.
//   realm[name].run($$, request) evaluates one snippet, realm[name].whole($$, request) tells its last value uncut. Both
//   answer through the kernel's `$$`, always and once, with the text "noderepl:" + JSON:
//     {"kind": "value" | "error" | "timeout" | "exit", "number", "ms", "text"?, "data"?, "error"?: {"name", "message",
//      "stack"}, "code"?, "media": [{"mime", "data", "base64"}], "late": [{"name", "message", "stack"}], "notes": [text]}
//   request: {"text", "edits", "declarations", "assignments" (scripts.js), "typescript", "seconds", "width", "depth"}
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
    const held = parts.held({ realm });
    const sessionPost = held.uncurried(Session.prototype.post);
    const connectTo = held.uncurried(Session.prototype.connect);
    const disconnect = held.uncurried(Session.prototype.disconnect);
    const KEPT_RESULTS = 1000;

    let session;
    let receiver; // the id by which the inspector knows what takes values from it
    const post = (method, parameters, callback) => sessionPost(session, method, parameters, callback);
    let run = null; // the snippet that has no answer yet
    let count = 0;
    let taken;
    let options = {};
    const last = { __proto__: null, value: undefined, error: undefined };

    const scripts = parts.scripts({ realm, name, post });
    const stacks = parts.stacks({ realm, held, inspect, typed: scripts.typed });
    const awaits = parts.awaits({ realm });
    const modules = parts.modules({ realm, held, note, relocate: stacks.relocate });
    const displays = parts.displays({ realm, held, inspect, attempt: stacks.attempt });
    const watch = parts.watch({ realm, name }, watchdog);
    const report = (error) => stacks.describe(error, options);
    const current = () => run;
    const guards = parts.guards({ realm, held, post, current, exit, report, isExposed: displays.isExposed });
    const needed = parts.needed({ realm, name, post, held });
    const types = parts.typescript({ realm });

    const api = { __proto__: null, run: start, whole, expire, unwind: guards.unwind, take };
    api.needed = needed.values;
    api.import = modules.dynamic;
    api.load = modules.load;
    defineProperty(api, "meta", { __proto__: null, get: modules.meta });
    defineProperty(api, "constant", { __proto__: null, set: assignToConstant });
    defineProperty(realm, name, { __proto__: null, value: freeze(api) });
    remember("_", "value");
    remember("_error", "error");
    connect();

    function connect() {
        session = new Session();
        connectTo(session);
        post("Runtime.evaluate", { expression: name }, (_, { result }) => (receiver = result.objectId));
    }

    function start(kernel, request) {
        kernel.async();
        needed.restore([]);
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
        mend(current);
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
        return type === "bigint" ? BigInt(held.String.slice(unserializableValue, 0, -1)) : Number(unserializableValue);
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
            // A value that has not gone out yet waits behind what leaves the event loop no turn.
            if (run.ended?.kind === "value") {
                run.ended = null;
            }
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
            disconnect(session);
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
        mend(current);
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
        told.media = bare(told.media);
        told.notes = bare(told.notes);
        told.late = bare(guards.takeLate());
        kernel.text(`noderepl:${stringify(told)}`);
    }

    function mend({ notes, request }) {
        const restored = needed.restore(request.declarations);
        for (let index = 0; index < restored.length; index++) {
            notes[notes.length] = `${restored[index]} was put back as it was: the session itself needs it.`;
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
            const shape = { __proto__: null, configurable: true, enumerable: true, writable: true };
            const set = (value) => defineProperty(realm, word, { __proto__: null, ...shape, value });
            defineProperty(realm, word, { __proto__: null, configurable: true, get: () => last[key], set });
        }
    }

    function keep(number, value) {
        if (number > KEPT_RESULTS) {
            delete realm[`_${number - KEPT_RESULTS}`];
        }
        if (getOwnPropertyDescriptor(realm, `_${number}`) === undefined) {
            defineProperty(realm, `_${number}`, { __proto__: null, value, configurable: true, writable: true });
        }
    }

    function assignToConstant() {
        throw new TypeError("Assignment to constant variable.");
    }
});

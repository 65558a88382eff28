// Runs snippets inside the session as a DevTools console would: one call for each, one answer for each.
//
// Contract with ../prelude.py, which sends the files of this directory once per session:
//   install(realm, name, parts, watchdog) makes `name` a property of the global object `realm` that nobody can change; where
//   it is there already it does nothing. It throws where the session has no inspector.
//   realm[name].run($$, request) evaluates one snippet, realm[name].whole($$, request) tells its last value uncut,
//   realm[name].recall($$, {id}) gives the answer of a snippet again ("unbegun", "running", "forgotten": answers.js). All
//   answer through the kernel's `$$`, always and once, with the text "noderepl:" + JSON:
//     {"kind": "value" | "error" | "timeout" | "interrupt" | "exit", "id", "number", "ms", "text"?, "data"?, "error"?: {"name",
//      "message", "stack"}, "code"?, "media": [{"mime", "data", "base64"}], "late": [{"name", "message", "stack"}],
//      "notes": [text], "output": (output.js), "pending": whether something that it started goes on}
//   request: {"id", "text", "edits", "declarations", "assignments" (scripts.js), "typescript", "seconds", "width", "depth",
//     "number": the one that it is to have, if that is not given away, "waits": whether the answer waits until nothing goes on
//     any more, "aside": whether it has no number and no result}
// User code may replace anything that it can reach, so all that is used later is held here from the beginning.
(function install(realm, name, parts, watchdog) {
    "use strict";
    const { BigInt, JSON, Number, Object, require } = realm;
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

    let session;
    let receiver; // the id by which the inspector knows what takes values from it
    const post = (method, parameters, callback) => sessionPost(session, method, parameters, callback);
    let run = null; // the snippet that has no answer yet
    let count = 0;
    let taken;
    let options = {};

    const scripts = parts.scripts({ realm, held, name, post, note });
    const stacks = parts.stacks({ realm, held, inspect, typed: scripts.typed });
    const awaits = parts.awaits({ realm });
    const resolver = parts.resolver({ realm });
    const modules = parts.modules({ realm, held, note, resolver, relocate: stacks.relocate, own: stacks.own });
    const displays = parts.displays({ realm, held, inspect, attempt: stacks.attempt });
    const watch = parts.watch({ realm, name }, watchdog);
    const report = (error) => stacks.describe(error, options);
    const current = () => run;
    const guards = parts.guards({ realm, held, post, current, exit, report, isExposed: displays.isExposed });
    const needed = parts.needed({ realm, name, post, held });
    const types = parts.typescript({ realm, placeAt: stacks.placeAt });
    const output = parts.output({ realm, held });
    const pending = parts.pending({ realm });
    const answers = parts.answers();
    const results = parts.results({ realm });

    const api = { __proto__: null, run: start, recall, whole, expire, unwind: guards.unwind, take, show: output.show };
    api.needed = needed.values;
    api.import = modules.dynamic;
    api.load = modules.load;
    defineProperty(api, "meta", { __proto__: null, get: modules.meta });
    api.constant = scripts.constant;
    defineProperty(realm, name, { __proto__: null, value: freeze(api) });
    connect();

    function connect() {
        session = new Session();
        connectTo(session);
        post("Runtime.evaluate", { expression: name }, (_, { result }) => (receiver = result.objectId));
    }

    function start(kernel, request) {
        if (!answers.begin(request.id)) {
            recall(kernel, request);
            return;
        }
        kernel.async();
        needed.restore([]);
        const current = {
            __proto__: null,
            kernel,
            request,
            number: numberFor(request),
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
        try {
            output.begin(request.id, current.number);
            displays.expose(current, { finish, fail });
            current.timer = setTimeout(expire, request.seconds * 1000, request.id);
            watch.arm(request.id, request.seconds * 1000);
            pending.begin();
            current.script = types.strip(scripts.compile(request), request.typescript);
            const expression = stacks.named(current.number, current.script);
            const how = { expression, replMode: true, silent: true, objectGroup: "snippet" };
            const settled = (failure, answer) => settle(current, failure, answer);
            const evaluate = () => post("Runtime.evaluate", how, settled);
            current.promise = output.within(current.number, () => awaits.firstMade(evaluate));
        } catch (error) {
            fail(current, error);
        }
        current.isSynchronous = false;
        mend(current); // Node.js needs it even to come to what the snippet awaits
    }

    // 0 for what is not the user's.
    function numberFor({ number, aside }) {
        if (aside) {
            return 0;
        }
        count = number > count ? number : count + 1;
        return count;
    }

    // A failure is the inspector's own: the snippet was ended by process.exit() or by the watchdog.
    function settle(current, failure, answer) {
        current.isSettled = true;
        mend(current);
        if (current.ended === null) {
            if (failure) {
                end(current, cut(current));
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
        if (value !== undefined && current.number > 0) {
            results.keep(current.number, value);
        }
        const answer = { __proto__: null, kind: "value", text: told?.text, data: told?.data };
        if (current.request.waits) {
            pending.wait(() => current.ended !== null || guards.hasLate(), () => end(current, answer));
        } else {
            end(current, answer);
        }
    }

    function fail(current, error, details) {
        if (current.ended !== null) {
            return;
        }
        if (current.number > 0) {
            results.keepError(error);
        }
        const told = stacks.describe(error, options, details && current.number, details);
        if (current.script !== null && told.isUnparsed) {
            scripts.undo(current.script);
        }
        end(current, { __proto__: null, kind: "error", error: told });
    }

    // id: of the request that is meant.
    function expire(id) {
        if (run !== null && run.request.id === id) {
            // A value that has not gone out yet waits behind what leaves the event loop no turn.
            if (run.ended?.kind === "value") {
                run.ended = null;
            }
            end(run, cut(run));
            leave(run);
        }
    }

    function cut({ request }) {
        return { __proto__: null, kind: watch.isAsked() ? "interrupt" : "timeout", text: `${request.seconds} s` };
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
        const goesOn = pending.isAny(); // while the snippet's own timer counts on both sides
        clearTimeout(current.timer);
        watch.disarm();
        run = null;
        const { ended, number, media, notes } = current;
        const told = { ...ended, __proto__: null, number, ms: now() - current.began, media, notes };
        told.output = output.end();
        told.pending = goesOn;
        answer(current, told);
        output.rest();
    }

    // The last value uncut: its text, or the bytes that it is.
    function whole(kernel, request) {
        const value = results.latest();
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
        told.id = request.id;
        if (request.id !== undefined) {
            answers.keep(request.id, told);
        }
        kernel.text(`noderepl:${stringify(told)}`);
    }

    // With the output of the latest snippet in pieces, as it may not have come either.
    function recall(kernel, { id }) {
        const told = answers.of(id);
        if (told.output !== undefined && output.isOf(id)) {
            told.output = output.keep();
        }
        kernel.async();
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
});

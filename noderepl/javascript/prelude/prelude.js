// Runs snippets in the session as a DevTools console does: one call for each, one answer for each.
//
// Contract with ../prelude.py, which sends the files of this directory once per session:
//   install(realm, name, parts, watchdog) makes `name` a read-only property of the global object `realm`; it does
//   nothing if the property exists. It throws if the session has no inspector.
//   realm[name].run($$, request) evaluates one snippet, realm[name].whole($$, request) returns the last value in full,
//   realm[name].recall($$, {id}) repeats the answer of a snippet ("unbegun", "running", "forgotten": answer_cache.js).
//   A third argument is code of a magic (instruments.js), as for ask($$, request, instrument).
//   Each answers exactly once, through the kernel's `$$`, with the text "noderepl:" + JSON:
//     {"kind": "value" | "error" | "timeout" | "interrupt" | "exit", "id", "number", "ms", "text"?, "data"?,
//      "json"?: (json_values.js), "cut"?: whether data is omitted as it is too long, "error"?: {"name", "message",
//      "stack"}, "code"?: of a call that ended the snippet, "status"?: the exit status of a program, "printed"?:
//      whether it has printed its value, "media": [{"mime", "data", "base64"}], "late": [{"name", "message", "stack"}],
//      "notes": [text], "output": (output.js), "pending": whether something that it started is active,
//      "names"?: (completion.js), "report"?: (instruments.js), "node"?: the version of Node.js}
//   request: {"id", "text", "edits", "declarations", "assignments" (scripts.js), "refusal": null or {"sentence",
//     "start"}: why it does not run, "seconds", "width", "depth", "terminal" (terminal.js), "table" (displays.js),
//     "number": its number, unless that is used already, "file": the name of its file, or "", "program": null or how it
//     runs as a program (programs.js), "aside": whether it has no number and no result, "asks" (input.js)}
// User code may replace anything that it can reach, so everything that is used later is stored here at the start.
(function install(realm, name, parts, watchdog) {
    "use strict";
    const { BigInt, Number, Object, require } = realm;
    const { defineProperty, freeze, getOwnPropertyDescriptor, setPrototypeOf } = Object;
    if (getOwnPropertyDescriptor(realm, name) !== undefined) {
        return;
    }
    const { Session } = require("inspector");
    const { inspect } = require("util");
    const { setImmediate } = require("timers");
    const { performance } = require("perf_hooks");
    const now = performance.now.bind(performance);
    const primordials = parts.primordials({ realm });
    const sessionPost = primordials.uncurried(Session.prototype.post);
    const connectTo = primordials.uncurried(Session.prototype.connect);
    const disconnect = primordials.uncurried(Session.prototype.disconnect);

    let session;
    let receiver; // the inspector's id of the object that receives values
    const post = (method, parameters, callback) => sessionPost(session, method, parameters, callback);
    let run = null; // the snippet that has no answer yet
    let count = 0;
    let taken;
    let options = {};
    let ofErrors = options;

    const base = { realm, primordials, table: parts.table({ realm, primordials, inspect }) };
    const scripts = parts.scripts({ ...base, name, post, note });
    const moduleObject = parts.module_object({ realm });
    const { file } = moduleObject;
    const stacks = parts.stacks({ ...base, inspect, file, ...parts.messages(base), ...scripts });
    const promisePin = parts.promise_pin({ realm });
    const resolver = parts.resolver({ realm });
    const reload = parts.reload({ ...base, resolver, note, file });
    const { own, relocate } = stacks;
    const modules = parts.modules({ ...base, note, resolver, reload, relocate, own, file });
    const displays = parts.displays({ ...base, inspect, attempt: stacks.attempt });
    const data = parts.data_directory({ realm });
    const timeout = parts.timeout({ realm, name, data }, watchdog);
    const output = parts.output({ ...base, note, data, byteText: parts.byte_text(base) });
    const descriptors = parts.descriptors({ ...base, data, timeout, output });
    const stdio = parts.stdio({
        ...base,
        consoleObject: parts.console_object,
        terminal: parts.terminal(base),
        write: descriptors.inOrder(
            (...given) => run?.ended?.kind !== "exit" && !programs.isGone() && output.write(...given),
        ),
    });
    const standardInput = parts.standard_input({ realm, data });
    const input = parts.input({ ...base, ...standardInput, parts, data, output, note, starve, echo: stdio.echo });
    parts.input_files({ realm, data, ...standardInput, ...input });
    const report = (error) => stacks.describe(error, ofErrors);
    const running = () => run;
    const uncaught = (current) => current !== null && programs.uncaught(current);
    const guards = parts.guards({ ...base, post, current: running, exit, uncaught, report, output, displays });
    const activeHandles = parts.active_handles(base);
    const restoreBuiltins = parts.restore_builtins({ realm, name, post, primordials });
    const answerCache = parts.answer_cache();
    const results = parts.results(base);
    const { node, respond, ...answers } = parts.answers({
        realm,
        inspect,
        answerCache,
        displays,
        output,
        results,
        takeLate: guards.takeLate,
    });
    const jsonValues = parts.json_values(base);
    const print = (stream, text) => stdio.streams[stream].write(text);
    const programs = parts.programs({ ...base, data, moduleObject, standardInput, activeHandles, guards, end, print });
    const inspector = { ...scripts, ...stacks, name, post, valueOf, file, namespaceOf: modules.namespaceOf };
    const { names, foresee, inspection, computed, ...completion } = parts.completion({ ...base, ...inspector, parts });
    const pendingPromise = parts.pending_promise({ ...base, inspect, report: output.report });

    const tools = { ...base, post, valueOf, now, inspect, stacks, activeHandles, output, results, scripts, inspection };
    const instruments = parts.instruments({ realm, name, tools, current: running });

    const api = { ...instruments.api, __proto__: null, computed, run: start, node, expire, unwind: guards.unwind };
    const queries = { ...completion, ...answers, ask: instruments.ask };
    for (const key of Object.keys(queries)) {
        api[key] = stdio.between(queries[key]);
    }
    api.take = (value) => (taken = value);
    api.show = descriptors.show;
    api.needed = restoreBuiltins.values;
    api.import = modules.dynamic;
    api.load = modules.load;
    api.reload = reload.again;
    defineProperty(api, "meta", { __proto__: null, get: modules.meta });
    api.constant = scripts.constant;
    api.main = moduleObject.enter;
    api.decorations = parts.decorators({ realm }).decorations;
    defineProperty(realm, name, { __proto__: null, value: freeze(api) });
    connect();

    function connect() {
        session = new Session();
        connectTo(session);
        post("Runtime.evaluate", { expression: name }, (_, { result }) => (receiver = result.objectId));
    }

    function start(kernel, request, instrument) {
        if (!answerCache.begin(request.id)) {
            api.recall(kernel, request);
            return;
        }
        kernel.async();
        restoreBuiltins.restore([]);
        const current = {
            __proto__: null,
            kernel,
            request,
            number: numberFor(request),
            began: now(),
            waiting: false, // for $$.done() or another function of `$$`
            isSynchronous: true, // it has reached neither its first await nor its end
            isSettled: false, // the inspector reports nothing more of it
            ended: null, // its answer
            answer: null, // of a program that waits for its end
            script: null,
            promise: null, // of the evaluation, referenced while this snippet is current (promise_pin.js)
            media: displays.none(),
            displays: { __proto__: null },
            notes: [],
            instrument: instruments.made(instrument, request),
        };
        run = current;
        options = { breakLength: request.width, depth: request.depth, maxArrayLength: 100, maxStringLength: 10000 };
        // As Node.js reports the errors of programs.
        ofErrors = request.program ? { ...options, breakLength: 80, customInspect: false } : options;
        try {
            output.begin(request.id, current.number);
            stdio.begin(request.terminal);
            input.begin(request);
            displays.expose(current, { finish, fail });
            timeout.arm(request.id, request.seconds * 1000, expire);
            activeHandles.begin(current.number);
            programs.begin(request);
            foresee(request.text);
            if (timeout.isAsked()) {
                end(current, cut(current));
                return;
            }
            stacks.refuse(current);
            current.script = scripts.compile(request);
            const how = { expression: stacks.named(current), replMode: true, silent: true, objectGroup: "snippet" };
            current.instrument?.begin?.();
            const settled = (failure, answer) => settle(current, failure, answer);
            const evaluate = () => post("Runtime.evaluate", how, settled);
            current.promise = output.within(current.number, () => promisePin.firstMade(evaluate));
        } catch (error) {
            fail(current, error);
        }
        current.isSynchronous = false;
        if (request.program) {
            programs.watch(current);
        }
        mend(current); // Node.js needs the built-ins even to settle what the snippet awaits
    }

    // Returns 0 for a request of noderepl itself.
    function numberFor({ number, aside }) {
        count = aside || number <= count ? count + Number(!aside) : number;
        return aside ? 0 : count;
    }

    // A failure is the inspector's own: process.exit() or the watchdog ended the snippet.
    function settle(current, failure, answer) {
        current.isSettled = true;
        if (current.ended === null) {
            if (failure) {
                end(current, cut(current));
            } else if (answer.exceptionDetails) {
                fail(current, valueOf(answer.exceptionDetails.exception), answer.exceptionDetails);
            } else if (!current.waiting) {
                finish(current, valueOf(answer.result));
            }
        }
        if (failure || answer.exceptionDetails || answer.result.objectId !== undefined) {
            post("Runtime.releaseObjectGroup", { objectGroup: "snippet" });
        }
    }

    // Returns the value that the inspector describes.
    function valueOf({ type, subtype, objectId, value, unserializableValue }) {
        if (objectId !== undefined) {
            post("Runtime.callFunctionOn", {
                objectId: receiver,
                functionDeclaration: "function (value) { this.take(value); }",
                arguments: setPrototypeOf([{ __proto__: null, objectId }], null),
                silent: true,
            });
            const found = taken;
            taken = undefined;
            return found;
        }
        if (unserializableValue === undefined) {
            return subtype === "null" ? null : value;
        }
        return type === "bigint"
            ? BigInt(primordials.String.slice(unserializableValue, 0, -1))
            : Number(unserializableValue);
    }

    // shown: the content that a function of `$$` got instead of a value.
    function finish(current, value, shown) {
        if (current.ended !== null) {
            return;
        }
        const described = value === undefined ? shown : displays.describe(current, value, options);
        if (value !== undefined && current.number > 0) {
            results.keep(current.number, value);
        }
        const answer = { __proto__: null, kind: "value", text: described?.text, data: described?.data };
        answer.json = current.request.json ? jsonValues.of(value) : undefined;
        if (programs.endsRun(current)) {
            programs.conclude(current, answer, value);
            return;
        }
        if (current.number > 0) {
            pendingPromise.follow(value, current.number);
        }
        input.hold(
            () => current.ended !== null || guards.statusOfLate() !== undefined,
            () => end(current, answer),
        );
    }

    function fail(current, error, details) {
        if (current.ended !== null) {
            return;
        }
        if (current.number > 0) {
            results.keepError(error);
        }
        if (programs.endsRun(current) && guards.offer(error)) {
            finish(current, undefined);
            return;
        }
        const described = stacks.describe(error, ofErrors, details && current.number, details);
        if (current.script !== null && described.isUnparsed) {
            scripts.undo(current.script);
        }
        end(current, { __proto__: null, kind: "error", error: described, status: programs.leave(current, 1) });
    }

    // id: of the request to end.
    function expire(id) {
        if (run !== null && run.request.id === id) {
            // A value that was not sent yet waits for the event loop, which is blocked.
            if (run.ended?.kind === "value") {
                run.ended = null;
            }
            end(run, cut(run));
            leave(run);
        }
    }

    function cut({ request }) {
        return { __proto__: null, kind: timeout.isAsked() ? "interrupt" : "timeout", text: `${request.seconds} s` };
    }

    function exit(code, text, isExit) {
        const status = isExit || !run.request.program ? programs.leave(run, code) : code;
        end(run, { __proto__: null, kind: "exit", code, text, status });
    }

    // Returns whether the snippet waits for nothing that is active; unless the answer is null, ends it then.
    function starve(answer) {
        const isStarved = run?.ended === null && !activeHandles.isAny();
        if (isStarved && answer !== null) {
            end(run, answer);
        }
        return isStarved;
    }

    // The inspector would report the rest of an evaluation while Node.js cannot run JavaScript (promise_pin.js).
    function leave(current) {
        if (!current.isSettled && !current.isSynchronous) {
            current.isSettled = true;
            disconnect(session);
            connect();
        }
    }

    // The answer is sent a turn of the event loop later, with errors that were thrown or rejected at the snippet's end.
    function end(current, answer) {
        current.ended ??= answer;
        setImmediate(send, current);
    }

    function send(current) {
        if (run !== current) {
            return;
        }
        mend(current);
        const measured = instruments.reported(current.instrument);
        leave(current);
        activeHandles.stop();
        const pending = activeHandles.isAny();
        timeout.disarm();
        run = null;
        const { ended, number, notes } = current;
        const isCut = ended.kind === "timeout" || ended.kind === "interrupt";
        const media = displays.listed(current.media);
        const answer = { ...ended, __proto__: null, number, ms: now() - current.began, media, notes, pending };
        answer.report = measured;
        answer.output = descriptors.end(isCut);
        answer.names = names(current);
        input.end(isCut, notes);
        stdio.end();
        respond(current, answer);
        stdio.rest();
    }

    function mend({ notes, request }) {
        const restored = restoreBuiltins.restore(request.declarations);
        for (let index = 0; index < restored.length; index++) {
            notes[notes.length] = `${restored[index]} was put back as it was: the session itself needs it.`;
        }
    }

    function note(text) {
        if (run !== null && !primordials.Array.includes(run.notes, text)) {
            run.notes[run.notes.length] = text;
        }
    }
});

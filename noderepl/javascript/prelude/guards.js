// Keeps the session alive: process.exit(), process.disconnect() and similar calls end the snippet instead, and late
// errors are stored for the next answer.
//
// Each internal of Node.js is used only if this version has it; otherwise only the guard that needs it is missing.
//
// Errors of the running snippet come with its answer, other errors with the output.
//
// current(): the running snippet or null. exit(code, what, isExit): ends it.
// uncaught(run): reports that it has a late error. report(error): describes an error.
(function guards({ realm, primordials, post, current, exit, uncaught, report, output, displays }) {
    const { Error, JSON, Number, Object, Reflect, process } = realm;
    const { defineProperty, getOwnPropertyDescriptor, getOwnPropertySymbols } = Object;
    const { includes } = primordials.Array;
    const { slice } = primordials.String;
    const { apply } = Reflect;
    const { stringify } = JSON;
    const { syncBuiltinESMExports } = realm.require("module");
    const asyncHooks = realm.require("async_hooks");
    const { signals } = realm.require("os").constants;
    const emit = primordials.uncurried(process.emit);
    const listenerCount = primordials.uncurried(process.listenerCount);
    const kill = process.kill.bind(process);
    const { pid } = process;
    const caught = process._fatalException;
    const { nextTick } = process;
    const hasCapture = process.hasUncaughtExceptionCaptureCallback.bind(process);
    const capture = process.setUncaughtExceptionCaptureCallback.bind(process);
    const exitCode = getOwnPropertyDescriptor(process, "exitCode");
    const createNodeHook = asyncHooks.createHook;
    const disable = primordials.uncurried(createNodeHook({}).disable);
    const UNCAUGHT = "uncaughtException";
    const { SIGCONT, SIGWINCH, SIGCHLD, SIGURG } = signals;
    const HARMLESS = [SIGCONT, SIGWINCH, SIGCHLD, SIGURG];
    const LAST = 64; // the highest number of a signal
    const ITSELF = [pid, -pid, 0, -1]; // before it signals these, Node.js runs its exit hooks
    const MOST_LATE = 100;
    const MOST_TEXT = 1 << 16; // characters of a late error
    const FAILED_LISTENER = 7; // as Node.js ends if a listener for uncaught errors throws
    let late = [];
    let lateStatus = 1;
    let isOver = false; // the kernel's parent, or the channel to it, has ended
    const ENDED = defineProperty(new Error("The snippet was ended"), "stack", {
        __proto__: null,
        value: "The snippet was ended",
    });

    // The kernel's own listener would write late errors to the stderr of the current snippet.
    const kernels = process.listeners(UNCAUGHT)[0];
    if (typeof caught === "function") {
        replace(process, "_fatalException", onUncaught);
        if (kernels !== undefined) {
            process.removeListener(UNCAUGHT, kernels);
        }
    }

    // Node.js calls this for each uncaught error. It exits if there is no listener, or if a listener throws.
    function onUncaught(error, isRejection) {
        if (error === ENDED || (!hasCapture() && listenerCount(process, UNCAUGHT) === 0)) {
            const origin = isRejection ? "unhandledRejection" : UNCAUGHT;
            settle(error, isRejection);
            keep(error, origin);
            return true;
        }
        try {
            return apply(caught, process, [error, isRejection]);
        } catch (thrown) {
            settle(ENDED);
            lateStatus = FAILED_LISTENER;
            keep(thrown, UNCAUGHT);
            return true;
        }
    }

    // Passes the error of a program to its own listeners. Returns whether there are any.
    function offer(error) {
        const isTheirs = hasCapture() || listenerCount(process, UNCAUGHT) > 0;
        if (isTheirs) {
            onUncaught(error, false);
        } else {
            monitor(error, UNCAUGHT);
        }
        return isTheirs;
    }

    function monitor(error, origin) {
        if (error !== ENDED) {
            emit(process, "uncaughtExceptionMonitor", error, origin);
        }
    }

    function keep(error, origin) {
        if (error === ENDED) {
            return;
        }
        const run = current();
        if (run?.request.program && run.ended !== null) {
            return; // the first one ended the program
        }
        if (run === null && !displays.isExposed()) {
            kernels?.(error, origin);
            return;
        }
        const described = shortened(report(error));
        const number = output.origin() ?? described.number;
        if (run !== null && (number === undefined || number === run.number)) {
            if (late.length < MOST_LATE) {
                late[late.length] = described;
            }
            uncaught(run);
        } else {
            output.report("uncaught", number, stringify(described));
        }
    }

    // Keeps an answer with the errors small enough for the client.
    function shortened(described) {
        described.message = slice(described.message, 0, MOST_TEXT);
        described.stack = slice(described.stack, 0, MOST_TEXT);
        return described;
    }

    // Returns the exit status for the late errors of a program, undefined if there are none.
    function statusOfLate() {
        return late.length > 0 ? lateStatus : undefined;
    }

    // Updates Node.js' bookkeeping of callbacks for the end of the running one.
    function settle(error, isRejection) {
        const isTheirs = hasCapture();
        try {
            if (!isTheirs) {
                capture(() => {});
            }
            apply(caught, process, [error, isRejection]);
        } catch {
            // Thrown by a listener of the snippet, which has received the error.
        }
        if (!isTheirs) {
            capture(null);
        }
    }

    function takeLate() {
        lateStatus = 1;
        const taken = late;
        late = [];
        return taken;
    }

    // isExit: whether a program's listeners of `exit` are called.
    function end(what, code, isExit) {
        const run = current();
        if (run !== null && run.ended === null) {
            exit(code, what, isExit);
            if (run.isSynchronous) {
                // The snippet cannot catch this.
                post("Runtime.terminateExecution");
                for (;;);
            }
        }
        throw ENDED;
    }

    // After the end of its parent the session is over, and the kernel itself exits.
    function guarded(original, what, codeOf) {
        return function (code) {
            if (isOver) {
                original(code);
            }
            end(
                `process.${what}(${code ?? ""})`,
                code === undefined ? Number(exitCode.get() ?? 0) : codeOf(code),
                true,
            );
        };
    }

    // Returns an exit code as a number; throws Node.js' error for an invalid one.
    function checked(code) {
        const before = exitCode.get();
        exitCode.set(code);
        const taken = exitCode.get();
        exitCode.set(before);
        return Number(taken ?? 0);
    }

    function guardedKill(target, signal) {
        const number = typeof signal === "number" ? signal : signals[signal || "SIGTERM"];
        const isDeadly =
            includes(ITSELF, Number(target)) && number > 0 && number <= LAST && !includes(HARMLESS, number);
        if (isDeadly && !(typeof signal === "string" && listenerCount(process, signal) > 0)) {
            const whom =
                { __proto__: null, [pid]: "process.pid", [-pid]: "-process.pid" }[Number(target)] ?? Number(target);
            end(`process.kill(${whom}${signal === undefined ? "" : `, ${stringify(signal)}`})`, 128 + number);
        }
        return kill(target, signal);
    }

    // An exception in a hook would end Node.js: the hook is disabled.
    function createHook(callbacks) {
        if (callbacks === null || callbacks === undefined) {
            return createNodeHook(callbacks); // throws its own error
        }
        const guardedCallbacks = { __proto__: null, trackPromises: callbacks.trackPromises };
        for (const name of ["init", "before", "after", "destroy", "promiseResolve"]) {
            const callback = callbacks[name];
            guardedCallbacks[name] =
                typeof callback !== "function"
                    ? callback
                    : function (...given) {
                          try {
                              apply(callback, this, given);
                          } catch (error) {
                              disable(this);
                              keep(error, UNCAUGHT);
                          }
                      };
        }
        return createNodeHook(guardedCallbacks);
    }

    // Node.js itself disconnects too, at the end of the channel.
    function guardChannel() {
        const key = getOwnPropertySymbols(process).find(({ description }) => description === "kChannelHandle");
        const handle = process[key];
        if (typeof handle?.onread === "function") {
            const { onread } = handle;
            handle.onread = function (bytes) {
                isOver ||= bytes === undefined;
                return withNextTick(() => apply(onread, this, [bytes]));
            };
            for (const method of ["disconnect", "_disconnect"]) {
                const disconnect = process[method]?.bind(process);
                replaceFunction(process, method, () => (isOver ? disconnect() : end("process.disconnect()", 1)));
            }
        }
    }

    // Node.js passes each message of the kernel's parent to process.nextTick: fake timers would delay it.
    function withNextTick(action) {
        const theirs = getOwnPropertyDescriptor(process, "nextTick");
        if (theirs?.value === nextTick || theirs?.configurable === false) {
            return action();
        }
        replace(process, "nextTick", nextTick);
        try {
            return action();
        } finally {
            if (theirs !== undefined) {
                defineProperty(process, "nextTick", theirs);
            }
        }
    }

    function replaceFunction(object, key, value) {
        if (typeof object[key] === "function") {
            replace(object, key, value);
        }
    }

    function replace(object, key, value) {
        defineProperty(value, "name", { __proto__: null, value: key });
        defineProperty(object, key, { __proto__: null, value, configurable: true, enumerable: true, writable: true });
    }

    replace(process, "exit", guarded(process.exit.bind(process), "exit", checked));
    replaceFunction(process, "reallyExit", guarded(process.reallyExit?.bind(process), "reallyExit", Number));
    replace(process, "abort", () => end("process.abort()", 128 + signals.SIGABRT));
    replace(process, "kill", guardedKill);
    guardChannel();
    replace(asyncHooks, "createHook", createHook);
    syncBuiltinESMExports();

    // Ends the running callback as an uncaught exception would.
    function unwind() {
        const run = current();
        if (run === null || !run.isSynchronous) {
            settle(ENDED);
        }
    }

    return { statusOfLate, takeLate, unwind, offer, keep };
});

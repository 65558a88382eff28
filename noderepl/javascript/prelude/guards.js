// What keeps the session alive: process.exit() and the like end the snippet instead, late errors are kept for the next
// answer, and the global object cannot be frozen, as the kernel writes to it before each snippet.
//
// current(): the snippet that runs, if any. exit(code, what): ends it. report(error): what is told of an error. isExposed():
// whether the snippet that ran last was one of the prelude's, and not one that was sent as it was typed.
(function guards({ realm, name, post, current, exit, report, isExposed }) {
    const { Error, JSON, Number, Object, Proxy, Reflect, process } = realm;
    const { defineProperty, getOwnPropertyDescriptor } = Object;
    const { apply } = Reflect;
    const { stringify } = JSON;
    const { syncBuiltinESMExports } = realm.require("module");
    const { setImmediate } = realm.require("timers");
    const kill = process.kill.bind(process);
    const { pid } = process;
    const caught = process._fatalException;
    const capture = process.setUncaughtExceptionCaptureCallback.bind(process);
    const HARMLESS = [0, "SIGCONT", "SIGWINCH", "SIGCHLD", "SIGURG", 18, 28, 17, 23];
    const ITSELF = [pid, -pid, 0, -1]; // for all of these Node ends what it has before it signals
    const MOST_LATE = 100;
    const NAMES = ["Buffer", "Error", "Object", "Promise", "String", "global", "globalThis", "process"];
    const needed = { __proto__: null };
    for (const key of NAMES) {
        needed[key] = realm[key];
    }
    let late = [];
    let isHandling = false; // listeners for an uncaught error are called: what they throw ends Node
    const ENDED = defineProperty(new Error("The snippet was ended"), "stack", { value: "The snippet was ended" });

    // The kernel's own listener would tell of late errors on the stderr of whatever snippet is there.
    const kernels = process.listeners("uncaughtException")[0];
    if (kernels !== undefined) {
        process.removeListener("uncaughtException", kernels);
    }
    process.on("uncaughtException", keep);

    function keep(error, origin) {
        isHandling = true;
        setImmediate(() => (isHandling = false));
        if (error === ENDED || process.listenerCount("uncaughtException") > 1) {
            return;
        }
        if (current() === null && !isExposed()) {
            kernels?.(error, origin);
        } else if (late.length < MOST_LATE) {
            late[late.length] = report(error);
        }
    }

    function hasLate() {
        return late.length > 0;
    }

    function takeLate() {
        const taken = late;
        late = [];
        return taken;
    }

    function end(what, code) {
        const run = current();
        if (run !== null && run.ended === null) {
            exit(code, what);
            if (run.isSynchronous) {
                // Nothing in the snippet can catch this.
                post("Runtime.terminateExecution");
                for (;;);
            }
        }
        if (!isHandling) {
            throw ENDED;
        }
    }

    // Without its parent the session is over, and the kernel itself leaves.
    function guarded(original, what) {
        return (code) => {
            if (process.connected === false) {
                original(code);
            }
            end(`process.${what}(${code ?? ""})`, Number(code ?? process.exitCode) || 0);
        };
    }

    function guardedKill(target, signal) {
        const isDeadly = ITSELF.includes(Number(target)) && !HARMLESS.includes(signal);
        if (isDeadly && !(typeof signal === "string" && process.listenerCount(signal) > 0)) {
            const whom = { __proto__: null, [pid]: "process.pid", [-pid]: "-process.pid" }[Number(target)] ?? Number(target);
            end(`process.kill(${whom}${signal === undefined ? "" : `, ${stringify(signal)}`})`, 1);
        }
        return kill(target, signal);
    }

    function replace(key, value) {
        defineProperty(value, "name", { value: key });
        defineProperty(process, key, { value, configurable: true, enumerable: true, writable: true });
    }

    replace("exit", guarded(process.exit.bind(process), "exit"));
    replace("reallyExit", guarded(process.reallyExit.bind(process), "reallyExit"));
    replace("abort", () => end("process.abort()", 1));
    replace("kill", guardedKill);
    syncBuiltinESMExports();

    for (const [object, key] of [
        ...["freeze", "seal", "preventExtensions"].map((method) => [Object, method]),
        [Reflect, "preventExtensions"],
    ]) {
        const original = object[key];
        const value = new Proxy(original, {
            apply(target, self, given) {
                return given[0] === realm ? (object === Object ? realm : false) : apply(target, self, given);
            },
        });
        defineProperty(object, key, { value, configurable: true, enumerable: false, writable: true });
    }

    // Makes Node's bookkeeping of callbacks ready for the end of the one that runs, as an uncaught exception would.
    function unwind() {
        const run = current();
        if (run !== null && run.isSynchronous) {
            return;
        }
        try {
            capture(() => {});
            caught.call(process, ENDED);
            capture(null);
        } catch {
            // The snippet has set the callback itself, and it has been told.
        }
    }

    // What the kernel cannot do without is put back where it became something quite different; the names of those.
    // declared: whether a snippet declared a name, which hides the property from the kernel too.
    function restore(declared) {
        const restored = [];
        for (let index = 0; index < NAMES.length; index++) {
            const key = NAMES[index];
            const value = needed[key];
            if (typeof realm[key] !== typeof value || realm[key] === null) {
                realm[key] = value;
                restored[restored.length] = key;
            } else if (declared(key) && isHidden(key, typeof value)) {
                restored[restored.length] = key;
            }
        }
        if (getOwnPropertyDescriptor(Object.prototype, "toJSON") !== undefined) {
            delete Object.prototype.toJSON;
            restored[restored.length] = "Object.prototype.toJSON";
        }
        return restored;
    }

    // Puts it back as well.
    function isHidden(key, type) {
        const expression = `typeof ${key} !== "${type}" && ((${key} = ${name}.needed.${key}), true)`;
        let hidden = false;
        post("Runtime.evaluate", { expression, silent: true }, (_, { result }) => (hidden = result.value === true));
        return hidden;
    }

    return { hasLate, takeLate, unwind, restore, needed };
});

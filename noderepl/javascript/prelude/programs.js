// Programs of the command line: a snippet that sees what `node FILE ARGS` or `node -e CODE ARGS` gives a program, and
// that ends as Node.js does.
//
// request.program: null, or {"file": the path of the program below the session's directory, null: it has none, "args",
// "stdin": the name of the file with its standard input, "" for an empty one, null: standard input stays as it is,
// "files": the name of the file with the files that it imports, null: none, "prints": whether its value is printed,
// "is_last": whether the run ends with it}
(function programs({ realm, primordials, data, moduleObject, standardInput, activeHandles, guards, end, print }) {
    const { JSON, Number, Object, Reflect, process, queueMicrotask } = realm;
    const { getOwnPropertyDescriptor } = Object;
    const { apply } = Reflect;
    const { mkdirSync, readFileSync, unlinkSync, writeFileSync } = realm.require("fs");
    const { basename, dirname, join } = realm.require("path");
    const { syncBuiltinESMExports } = realm.require("module");
    const util = realm.require("util");
    const { parseArgs } = util;
    const { includes, push } = primordials.Array;
    const { indexOf, slice } = primordials.String;
    const rawListeners = primordials.uncurried(process.rawListeners);
    const removeListener = primordials.uncurried(process.removeListener);
    const exitCode = getOwnPropertyDescriptor(process, "exitCode");
    const node = process.argv[0];
    const EVENTS = ["beforeExit", "exit", "uncaughtException", "unhandledRejection"];
    const kernels = { __proto__: null };
    for (const event of EVENTS) {
        kernels[event] = listeners(event);
    }
    const UNSETTLED = 13; // as Node.js ends where a top-level await is never settled
    // Node.js 20 does not warn of it, and listeners of `exit` get 0; `process.exitCode` is 13 there too.
    const isSilent = Number.parseInt(process.versions.node, 10) < 22;
    let statusForListeners; // of `exit`; undefined: the exit status
    let isLeaving = false;
    let isGone = false; // what is written from then on has no process any more

    function listeners(event) {
        return rawListeners(process, event);
    }

    // Prepares the process for a program.
    function begin({ program, text }) {
        if (!program) {
            return;
        }
        const { args, file, files, stdin } = program;
        const path = file === null ? null : join(data, file);
        const argv = path === null ? [node] : [node, path];
        for (let index = 0; index < args.length; index++) {
            push(argv, args[index]);
        }
        process.argv = argv;
        process.execArgv = [];
        parseFrom(path === null ? 1 : 2);
        exitCode.set(undefined);
        statusForListeners = undefined;
        isLeaving = isGone = false;
        moduleObject.begin(path);
        if (files !== null) {
            unpack(join(data, files));
        }
        if (path !== null) {
            attempt(() => write(path, text));
            attempt(moduleObject.register);
        }
        if (stdin !== null) {
            standardInput.replace(stdin);
        }
    }

    // Node.js itself would take the arguments for those of --eval, with which the kernel runs.
    function parseFrom(first) {
        const args = () => primordials.Array.slice(process.argv, first);
        util.parseArgs = (config) => parseArgs({ ...config, args: config?.args ?? args() });
        syncBuiltinESMExports();
    }

    // Writes the files that a program imports, and warns of those that it cannot write. A package.json of the session
    // stays.
    function unpack(bundle) {
        const packed = JSON.parse(readFileSync(bundle, "utf8"));
        for (let index = 0; index < packed.length; index++) {
            const { 0: name, 1: content } = packed[index];
            const path = join(data, name);
            const flag = basename(name) === "package.json" ? "wx" : "w";
            try {
                mkdirSync(dirname(path), { __proto__: null, recursive: true });
                writeFileSync(path, content, { __proto__: null, encoding: "base64", flag });
            } catch (error) {
                if (flag === "w") {
                    print("stderr", `Warning: ${name} cannot be written in the session: ${error.code}\n`);
                }
            }
        }
        unlinkSync(bundle);
    }

    // A program may read its own file, or start a thread or a process with it.
    function write(path, text) {
        mkdirSync(dirname(path), { __proto__: null, recursive: true });
        writeFileSync(path, text);
    }

    // Ends a program whose top-level await is never settled: nothing is active any more.
    function watch(current) {
        const isOver = () => current.ended !== null || current.isSettled;
        if (isOver() || !activeHandles.isExact()) {
            return;
        }
        whenIdle(isOver, () => {
            const isFailure = exitCode.get() === undefined;
            const isSilentFailure = isFailure && isSilent && current.request.program.file !== null;
            if (isFailure) {
                exitCode.set(UNSETTLED);
                if (!isSilentFailure) {
                    print("stderr", `Warning: Detected unsettled top-level await${placeOfAwait(current.request)}`);
                }
            }
            statusForListeners = isSilentFailure ? 0 : undefined;
            close(current, { __proto__: null, kind: "value", printed: true });
        });
    }

    function whenIdle(isOver, done) {
        activeHandles.wait((hasMore) => {
            if (!isOver()) {
                (hasMore || activeHandles.isAny() ? whenIdle : done)(isOver, done);
            }
        });
    }

    // Returns the line of the only `await` of a text, as words.
    function placeOfAwait({ text, program }) {
        const at = indexOf(text, "await");
        if (at < 0 || indexOf(text, "await", at + 1) >= 0) {
            return "\n";
        }
        let line = 1;
        let start = 0;
        for (let next = indexOf(text, "\n"); next >= 0 && next < at; next = indexOf(text, "\n", start)) {
            line += 1;
            start = next + 1;
        }
        const stop = indexOf(text, "\n", at);
        const shown = slice(text, start, stop < 0 ? text.length : stop);
        return ` at ${program.file === null ? "repl" : basename(program.file)}:${line}\n${shown}\n^\n\n\n`;
    }

    // Ends a program with this answer after nothing is active any more. value: its value, which is printed now if
    // something may print later.
    function conclude(current, answer, value) {
        current.answer = answer;
        if (current.request.program.prints && (activeHandles.isAny() || hasListeners())) {
            const text = typeof value === "string" ? value : answer.text;
            print("stdout", `${text ?? "undefined"}\n`);
            answer.printed = true;
            answer.text = undefined;
        }
        whenIdle(
            () => current.ended !== null,
            () => close(current, answer),
        );
    }

    // Ends a program at once, because of an uncaught error.
    function uncaught(current) {
        if (current?.request.program) {
            close(current, current.answer ?? { __proto__: null, kind: "value" });
        }
    }

    function close(current, answer) {
        if (current.ended === null) {
            answer.status = leave(current, guards.statusOfLate());
            end(current, answer);
        }
    }

    // Returns whether a snippet is a program that ends the run: the last one does, and any that fails.
    function endsRun({ request: { program } }) {
        return !!program && (program.is_last || code() !== 0);
    }

    // Runs the listeners of the end of a program. Returns its exit status, undefined for other snippets.
    // status: undefined for that of the process.
    function leave(current, status) {
        if (!current.request.program) {
            return undefined;
        }
        if (status !== undefined) {
            exitCode.set(status);
        }
        if (!isLeaving && endsRun(current)) {
            isLeaving = true;
            const left = listeners("exit");
            for (let index = 0; index < EVENTS.length; index++) {
                forget(EVENTS[index]);
            }
            call(left, statusForListeners ?? code());
            queueMicrotask(() => (isGone = true));
        }
        return code();
    }

    function code() {
        return Number(exitCode.get() ?? 0);
    }

    function call(all, status) {
        for (let index = 0; index < all.length; index++) {
            if (!includes(kernels.exit, all[index])) {
                try {
                    apply(all[index], process, [status]);
                } catch (error) {
                    guards.keep(error, "uncaughtException");
                }
            }
        }
    }

    function hasListeners() {
        return (
            listeners("exit").length > kernels.exit.length || listeners("beforeExit").length > kernels.beforeExit.length
        );
    }

    function forget(event) {
        const all = listeners(event);
        for (let index = 0; index < all.length; index++) {
            if (!includes(kernels[event], all[index])) {
                removeListener(process, event, all[index]);
            }
        }
    }

    function attempt(action) {
        try {
            action();
        } catch {
            // The session's disk may be full; the program runs without its file.
        }
    }

    return { begin, watch, conclude, uncaught, leave, endsRun, isGone: () => isGone };
});

// import.meta.resolve() for the names of packages, which only Node.js' own loader can resolve.
//
// A module's import.meta.resolve() accepts another parent only with an option of the process or of a thread. Each name
// gets a new thread, so that a package that was installed since is found.
(function resolver({ realm }) {
    const { Atomics, Error, Int32Array, Object, RangeError, SharedArrayBuffer, SyntaxError, TypeError } = realm;
    const { MessageChannel, Worker, receiveMessageOnPort } = realm.require("worker_threads");
    const { defineProperty } = Object;
    const { wait } = Atomics;
    const ERRORS = { __proto__: null, Error, RangeError, SyntaxError, TypeError };
    const LONGEST = 10000; // ms
    const on = Worker.prototype.on.call.bind(Worker.prototype.on);
    const unref = Worker.prototype.unref.call.bind(Worker.prototype.unref);

    // Runs in the thread, whose working directory is the real one if /mnt/data is mapped.
    async function find({ specifier, port, cells }, { join }, { pathToFileURL }, { cwd }) {
        const base = pathToFileURL(join(cwd(), "/")).href;
        try {
            const { default: nodeResolve } = await import("data:text/javascript,export default import.meta.resolve");
            port.postMessage({ base, url: nodeResolve(specifier, `${base}repl.js`) });
        } catch ({ name, message, code }) {
            port.postMessage({ name, message, code });
        }
        Atomics.store(cells, 0, 1);
        Atomics.notify(cells, 0);
    }

    const source = `(${find})(require("worker_threads").workerData, require("path"), require("url"), process)`;

    // Returns the URL, and that of the thread's directory. Throws Node.js' error if there is none.
    function resolve(specifier) {
        const cells = new Int32Array(new SharedArrayBuffer(4));
        const { port1, port2 } = new MessageChannel();
        const thread = new Worker(source, {
            eval: true,
            execArgv: ["--experimental-import-meta-resolve"],
            env: { __proto__: null },
            stdout: true,
            stderr: true,
            workerData: { specifier, port: port2, cells },
            transferList: [port2],
        });
        on(thread, "error", () => {});
        unref(thread);
        wait(cells, 0, 0, LONGEST);
        const found = receiveMessageOnPort(port1)?.message;
        if (found?.url === undefined) {
            throw failure(found ?? { name: "Error", message: `'${specifier}' cannot be looked for` });
        }
        return found;
    }

    // Node.js' own errors have their code in the stack, not in the name.
    function failure({ name, message, code }) {
        const error = new (ERRORS[name] ?? Error)(message);
        if (code !== undefined) {
            define(error, "name", `${error.name} [${code}]`);
            define(error, "stack", error.stack);
            delete error.name;
            error.code = code;
        }
        return error;
    }

    function define(error, key, value) {
        defineProperty(error, key, { __proto__: null, value, configurable: true, writable: true });
    }

    return { resolve };
});

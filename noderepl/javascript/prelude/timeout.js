// The end of a snippet's time, the wish to end it earlier and the look at its output meanwhile: a thread of its own
// sees to them, as a loop leaves the event loop no turn.
//
// Contract with watchdog.js: cells[ASLEEP] is 1 while the thread waits to be woken, cells[END] the moment at which the
// snippet is to be ended, 0 for none, cells[RUN] the request's id, cells[BEGAN] when it began, cells[WAITS] is 1 while
// the main thread waits for a process, and cells[ASKED] is 1 once a file asked for the end. Moments are in ms of the
// clock that both threads share.
(function timeout({ realm, name, data }, source) {
    const { Atomics, BigInt, BigInt64Array, SharedArrayBuffer, process } = realm;
    const { Worker } = realm.require("worker_threads");
    const clock = process.hrtime.bigint;
    const { load, store, notify } = Atomics;
    const GRACE = 50n;
    const [ASLEEP, END, RUN, BEGAN, WAITS, ASKED] = [0, 1, 2, 3, 4, 5];
    const cells = new BigInt64Array(new SharedArrayBuffer(48));
    const thread = new Worker(source, {
        eval: true,
        execArgv: [],
        env: { __proto__: null },
        stdin: false,
        stdout: true,
        stderr: true,
        workerData: { cells, name, data, ASLEEP, END, RUN, BEGAN, WAITS, ASKED },
    });
    thread.on("error", () => {}); // without it only the service's own time-out is left
    thread.unref();
    tellOfWaiting();

    function arm(id, milliseconds) {
        const moment = clock() / 1000000n;
        store(cells, RUN, BigInt(id));
        store(cells, BEGAN, moment);
        store(cells, ASKED, 0n);
        store(cells, END, moment + BigInt(milliseconds) + GRACE);
        if (load(cells, ASLEEP) === 1n) {
            store(cells, ASLEEP, 0n);
            notify(cells, ASLEEP);
        }
    }

    function disarm() {
        store(cells, END, 0n);
    }

    // All of execSync() and its like come here. Where this Node.js has no such binding, they end with their process.
    function tellOfWaiting() {
        const synchronous = findBinding();
        if (typeof synchronous?.spawn !== "function") {
            return;
        }
        const { spawn } = synchronous;
        synchronous.spawn = (options) => {
            store(cells, WAITS, 1n);
            try {
                return spawn(options);
            } finally {
                store(cells, WAITS, 0n);
            }
        };
    }

    function findBinding() {
        try {
            return process.binding("spawn_sync");
        } catch {
            return undefined;
        }
    }

    // Whether the snippet is ended because somebody asked for it.
    function isAsked() {
        return load(cells, ASKED) === 1n;
    }

    return { arm, disarm, isAsked };
});

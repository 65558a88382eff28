// The timeout of a snippet, its interrupt, and its output meanwhile: a separate thread handles them, as a loop blocks
// the event loop.
//
// Contract with watchdog.js: cells[ASLEEP] is 1 while the thread waits for notify(), cells[END] the time at which the
// snippet must end, 0 for none, cells[RUN] the request id, cells[BEGAN] the time of its start, cells[WAITS] is 1 while
// the main thread waits for a process, and cells[ASKED] is 1 after an interrupt by a file. Times are in ms of the clock
// that both threads share.
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
    thread.on("error", () => {}); // without it only the service's own timeout is left
    thread.unref();
    trackWaiting();

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

    // execSync() and the like all use this binding. If this Node.js lacks it, they end with their process.
    function trackWaiting() {
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

    // Returns whether an interrupt ends the snippet.
    function isAsked() {
        return load(cells, ASKED) === 1n;
    }

    return { arm, disarm, isAsked };
});

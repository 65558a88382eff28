// The end of a snippet's time, also where a loop leaves the event loop no turn: a thread of its own looks at the clock.
//
// Contract with watchdog.js: cells[0] is what the thread waits on, cells[1] the moment in ms at which it is to act, 0 for
// never, cells[2] the moment that it waits for. Moments count from `base`, on the clock that both threads share.
(function watch({ realm, name }, source) {
    const { Atomics, Int32Array, Number, SharedArrayBuffer, process } = realm;
    const { Worker } = realm.require("worker_threads");
    const clock = process.hrtime.bigint;
    const { load, store, add, notify } = Atomics;
    const GRACE = 50;
    const base = clock();
    const cells = new Int32Array(new SharedArrayBuffer(12));
    const thread = new Worker(source, {
        eval: true,
        execArgv: [],
        env: { __proto__: null },
        stdin: false,
        stdout: true,
        stderr: true,
        workerData: { cells, base, name },
    });
    thread.on("error", () => {}); // without it only the service's own time-out is left
    thread.unref();

    function arm(milliseconds) {
        const moment = Number((clock() - base) / 1000000n) + milliseconds + GRACE;
        store(cells, 1, moment);
        if (load(cells, 0) === 0 || load(cells, 2) > moment) {
            add(cells, 0, 1);
            notify(cells, 0);
        }
    }

    function disarm() {
        store(cells, 1, 0);
    }

    return { arm, disarm };
});

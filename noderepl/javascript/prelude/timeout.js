// The timeout of a snippet, its interrupt, and its output meanwhile: a separate thread handles them, as a loop blocks
// the event loop.
//
// Contract with watchdog.js: cells[ASLEEP] is 1 while the thread waits for notify(), cells[END] the time at which the
// snippet must end, 0 for none, cells[RUN] the request id, cells[BEGAN] the time of its start, and cells[ASKED] is 1
// after an interrupt, by a file whose name is one of `interrupts` and the request id. Times are in ms of the clock that
// both threads share. cells[WAITS] is 1 while the main thread waits for a process, and 2 while the thread then reads
// what that has written: from the descriptors cells[OUT_FD] and cells[ERR_FD], -1 for none, at cells[OUT_AT] and
// cells[ERR_AT], into piece cells[PIECES].
(function timeout({ realm, name, data }, source) {
    const { Atomics, BigInt, BigInt64Array, Number, SharedArrayBuffer, process } = realm;
    const { Worker } = realm.require("worker_threads");
    const { existsSync } = realm.require("fs");
    const { setTimeout, clearTimeout } = realm.require("timers");
    const clock = process.hrtime.bigint;
    const { compareExchange, load, store, notify, wait } = Atomics;
    const GRACE = 50n;
    const [ASLEEP, END, RUN, BEGAN, WAITS, ASKED] = [0, 1, 2, 3, 4, 5];
    const [OUT_FD, ERR_FD, OUT_AT, ERR_AT, PIECES] = [6, 7, 8, 9, 10];
    const interrupts = [`${process.cwd()}/.noderepl-interrupt-`, `${data}/.noderepl-interrupt-`];
    const cells = new BigInt64Array(new SharedArrayBuffer(88));
    const places = { ASLEEP, END, RUN, BEGAN, WAITS, ASKED, OUT_FD, ERR_FD, OUT_AT, ERR_AT, PIECES };
    const thread = new Worker(source, {
        eval: true,
        execArgv: [],
        env: { __proto__: null },
        stdin: false,
        stdout: true,
        stderr: true,
        workerData: { cells, name, data, interrupts, ...places },
    });
    thread.on("error", () => {}); // without it only the service's own timeout is left
    thread.unref();
    let timer;

    // Begins a snippet; calls `expire` with the id after its time, unless it blocks the event loop. Then isAsked()
    // returns whether it was interrupted while it waited for its turn.
    function arm(id, milliseconds, expire) {
        timer = setTimeout(expire, milliseconds, id).unref();
        const moment = clock() / 1000000n;
        store(cells, RUN, BigInt(id));
        store(cells, BEGAN, moment);
        store(cells, ASKED, existsSync(interrupts[0] + id) || existsSync(interrupts[1] + id) ? 1n : 0n);
        store(cells, END, moment + BigInt(milliseconds) + GRACE);
        if (load(cells, ASLEEP) === 1n) {
            store(cells, ASLEEP, 0n);
            notify(cells, ASLEEP);
        }
    }

    function disarm() {
        clearTimeout(timer);
        store(cells, END, 0n);
    }

    // The main thread waits for a process. files: of the snippet (descriptors.js), undefined if the process writes to
    // none. pieces: the number of pieces so far.
    function beginWaiting(files, pieces) {
        store(cells, OUT_FD, BigInt(files?.stdout.fd ?? -1));
        store(cells, ERR_FD, BigInt(files?.stderr.fd ?? -1));
        store(cells, OUT_AT, BigInt(files?.stdout.at ?? 0));
        store(cells, ERR_AT, BigInt(files?.stderr.at ?? 0));
        store(cells, PIECES, BigInt(pieces));
        store(cells, WAITS, 1n);
    }

    // Moves the files to where the thread has read them. Returns the number of pieces.
    function endWaiting(files) {
        while (compareExchange(cells, WAITS, 1n, 0n) === 2n) {
            wait(cells, WAITS, 2n, 1000);
        }
        if (files !== undefined) {
            files.stdout.at = Number(load(cells, OUT_AT));
            files.stderr.at = Number(load(cells, ERR_AT));
        }
        return Number(load(cells, PIECES));
    }

    // Returns whether an interrupt ends the snippet.
    function isAsked() {
        return load(cells, ASKED) === 1n;
    }

    return { arm, beginWaiting, disarm, endWaiting, isAsked };
});

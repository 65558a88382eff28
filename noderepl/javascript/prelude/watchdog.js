// A thread of the session that controls the running snippet, even while a loop blocks the event loop; timeout.js has
// the contract.
//
// It calls the main thread through the inspector, which interrupts even a loop: regularly to write the output where it
// can be read, and after a timeout or an interrupt to get the answer. If none is sent because the event loop is
// blocked, it ends the snippet, and the processes that the main thread waits for.
"use strict";
const { workerData } = require("worker_threads");
const { existsSync, readdirSync, readFileSync, readSync, renameSync, writeFileSync } = require("fs");
const { Session } = require("inspector");
const { cells, name, data, interrupts, ASLEEP, END, RUN, BEGAN, WAITS, ASKED } = workerData;
const { OUT_FD, ERR_FD, OUT_AT, ERR_AT, PIECES } = workerData;
const session = new Session();
session.connectToMainThread();
const { compareExchange, load, notify, store, wait } = Atomics;
const PATIENCE = 100; // ms
const STEP = 50; // ms between two checks
const FIRST = 1000n; // ms until output is written where it can be read
const NEXT = 250n; // ms from then on
const MOST = 1000n; // pieces: half of the limit of a request
const chunk = Buffer.alloc(1 << 20);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const now = () => process.hrtime.bigint() / 1000000n;
const call = (what) => session.post("Runtime.evaluate", { expression: `${name}.${what}`, silent: true });

function isAsked() {
    return interrupts.some((path) => existsSync(`${path}${load(cells, RUN)}`));
}

function act(end) {
    call(`expire(${load(cells, RUN)})`);
    killAwaited();
    wait(cells, END, end, PATIENCE);
    if (load(cells, END) === end) {
        call("unwind()");
        session.post("Runtime.terminateExecution");
        wait(cells, END, end, PATIENCE);
    }
}

// The child that the main thread waits for is the youngest: it can start no other meanwhile.
function killAwaited() {
    if (load(cells, WAITS) === 0n) {
        return;
    }
    const all = processes();
    const isYounger = (one, other) => one.started - other.started || one.pid - other.pid;
    const youngest = all
        .filter(({ parent }) => parent === process.pid)
        .sort(isYounger)
        .pop();
    const ended = youngest === undefined ? [] : [youngest.pid];
    for (let index = 0; index < ended.length; index++) {
        ended.push(...all.filter(({ parent }) => parent === ended[index]).map(({ pid }) => pid));
    }
    ended.forEach(kill);
}

function processes() {
    const found = [];
    for (const pid of attempt(() => readdirSync("/proc"), []).filter((entry) => /^\d+$/.test(entry))) {
        const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"), "");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        found.push({ pid: Number(pid), parent: Number(fields[1]), started: Number(fields[19]) });
    }
    return found;
}

function kill(pid) {
    attempt(() => process.kill(pid, "SIGKILL"));
}

function attempt(action, otherwise) {
    try {
        return action();
    } catch {
        return otherwise;
    }
}

// Puts what the process has written, for which the main thread waits, into a piece (output.js has the contract).
function showAwaited() {
    if (compareExchange(cells, WAITS, 1n, 2n) !== 1n) {
        return;
    }
    attempt(() => {
        const written = [
            { stream: "stdout", at: OUT_AT, ...textAt(load(cells, OUT_FD), load(cells, OUT_AT)) },
            { stream: "stderr", at: ERR_AT, ...textAt(load(cells, ERR_FD), load(cells, ERR_AT)) },
        ].filter(({ text }) => text !== "");
        const number = load(cells, PIECES);
        if (written.length > 0 && number < MOST) {
            const place = `${data}/.noderepl-output-${load(cells, RUN)}-${number}`;
            writeFileSync(`${place}.new`, JSON.stringify(written.map(({ stream, text }) => [0, stream, text])));
            renameSync(`${place}.new`, place);
            written.forEach(({ at, size }) => store(cells, at, load(cells, at) + BigInt(size)));
            store(cells, PIECES, number + 1n);
        }
    });
    store(cells, WAITS, 1n);
    notify(cells, WAITS);
}

// Returns the characters that are complete; none if the bytes are not UTF-8: the main thread reads these.
function textAt(fd, at) {
    if (fd < 0n) {
        return { text: "", size: 0 };
    }
    const size = attempt(() => readSync(Number(fd), chunk, 0, chunk.length, Number(at)), 0);
    for (let cut = 0; cut < 4 && cut < size; cut++) {
        const text = attempt(() => decoder.decode(chunk.subarray(0, size - cut)));
        if (text !== undefined) {
            return { text, size: size - cut };
        }
    }
    return { text: "", size: 0 };
}

let shown = 0n; // when the output was last requested
for (;;) {
    const end = load(cells, END);
    if (end === 0n) {
        store(cells, ASLEEP, 1n);
        if (load(cells, END) === 0n) {
            wait(cells, ASLEEP, 1n);
        }
        store(cells, ASLEEP, 0n);
        continue;
    }
    const moment = now();
    if (isAsked()) {
        store(cells, ASKED, 1n);
        act(end);
    } else if (moment >= end) {
        act(end);
    } else if (moment >= load(cells, BEGAN) + FIRST && moment >= shown + NEXT) {
        shown = moment;
        call("show()");
        showAwaited();
    }
    if (load(cells, END) === end) {
        wait(cells, ASLEEP, 0n, STEP);
    }
}

// A thread of the session that ends a snippet whose time is over; watch.js has the contract.
//
// It speaks to the main thread through the inspector, which interrupts even a loop: first it asks for the answer, and where
// none goes out because the event loop gets no turn, it ends what runs.
"use strict";
const { cells, base, name } = require("worker_threads").workerData;
const { Session } = require("inspector");
const session = new Session();
session.connectToMainThread();
const { load, store, wait } = Atomics;
const PATIENCE = 100; // ms

const now = () => Number((process.hrtime.bigint() - base) / 1000000n);

function act(moment) {
    session.post("Runtime.evaluate", { expression: `${name}.expire()`, silent: true });
    wait(cells, 1, moment, PATIENCE);
    if (load(cells, 1) === moment) {
        session.post("Runtime.evaluate", { expression: `${name}.unwind()`, silent: true });
        session.post("Runtime.terminateExecution");
        wait(cells, 1, moment, PATIENCE);
    }
}

for (;;) {
    const moment = load(cells, 1);
    if (moment === 0) {
        store(cells, 0, 0);
        if (load(cells, 1) === 0) {
            wait(cells, 0, 0);
        }
    } else if (moment <= now()) {
        act(moment);
    } else {
        store(cells, 2, moment);
        store(cells, 0, 1);
        if (load(cells, 1) === moment) {
            wait(cells, 0, 1, moment - now());
        }
    }
}

// One session of the bare kernel: a NEL session in a directory of its own, its snippets one after the other.
"use strict";
const crypto = require("node:crypto");

class KernelSession {
    #kernel;
    #turn = Promise.resolve();
    #late = { stdout: "", stderr: "" };
    #place = this.#late;

    /** Session: NEL's class. directory: exists already, where snippets run. */
    constructor(Session, directory) {
        this.directory = directory;
        this.guid = crypto.randomUUID();
        this.created = this.accessed = new Date();
        this.isNew = true;
        process.env.NODEREPL_DATA = directory; // the kernel gets this process' environment
        this.#kernel = new Session({ cwd: directory });
    }

    /** Runs a snippet when those before it are answered; its time starts then. Resolves to what executionBody takes. */
    execute(code, seconds) {
        const ran = this.#turn.then(() => this.#run(code, seconds));
        this.#turn = ran;
        return ran;
    }

    kill() {
        this.#kernel._server.kill("SIGKILL");
    }

    #run(code, seconds) {
        this.isNew = false;
        const began = performance.now();
        // What was written after the last answer comes first; what is written after this one goes to the next.
        const ran = { ...this.#late, mime: null, error: null, displays: [], ended: null, milliseconds: 0 };
        this.#place = ran;
        const answered = () => {
            this.#late = { stdout: "", stderr: "" };
            this.#place = this.#late;
            ran.milliseconds = Math.round(performance.now() - began);
        };
        return new Promise((resolve) => {
            let isOver = false;
            const end = (ended) => {
                if (!isOver) {
                    isOver = true;
                    clearTimeout(giveUp);
                    ran.ended = ended;
                    answered();
                    resolve(ran);
                }
            };
            // The kernel itself has no time limit and is left as it is: busy, and the next snippet waits behind this
            // one.
            const message = `The snippet ran out of time after ${seconds} s.`;
            const giveUp = setTimeout(end, seconds * 1000, { code: "ExecutionTimeout", message });
            this.#kernel.execute(code, {
                onSuccess: ({ mime }) => isOver || (ran.mime = mime ?? null),
                onError: ({ error }) => isOver || (ran.error = error),
                onStdout: (text) => (this.#place.stdout += text),
                onStderr: (text) => (this.#place.stderr += text),
                onDisplay: (display) => isOver || ran.displays.push(display),
                onRequest: () => {}, // nobody is there to type: the snippet waits
                afterRun: () => end(null),
            });
        });
    }
}

module.exports = { KernelSession };

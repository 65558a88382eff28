// The resources that a snippet has started and that keep a Node.js process alive: timers, servers, requests.
(function activeHandles({ realm }) {
    const { Object, process } = realm;
    const { nextTick } = process;
    const { setImmediate, setTimeout } = realm.require("timers");
    const resources = process.getActiveResourcesInfo.bind(process);
    const PERIOD = 20; // ms between two checks
    const key = Object.getOwnPropertySymbols(process).find(({ description }) => description === "kChannelHandle");
    const handle = process[key];
    // Requests arrive on this channel, and nothing else keeps the process alive between snippets.
    const channel =
        typeof handle?.ref === "function"
            ? { __proto__: null, ref: handle.ref.bind(handle), unref: handle.unref.bind(handle) }
            : undefined;
    const least = resources().length;
    let before = 0;
    let waiting;

    if (channel !== undefined) {
        process.on("beforeExit", idle);
    }

    function begin() {
        before = resources().length;
    }

    function isAny() {
        channel?.ref(); // as in begin()
        const { length } = resources();
        if (waiting !== undefined) {
            channel?.unref();
        }
        return length > before;
    }

    // Returns whether Node.js itself finds the end, as work that is in no list counts too.
    function isExact() {
        return channel !== undefined && before <= least;
    }

    // Calls `done` once Node.js itself would exit, after the listeners of `beforeExit`, with whether these have started
    // something; stop() cancels it. What earlier snippets have left active does not count.
    function wait(done) {
        waiting = done;
        if (isExact()) {
            channel.unref();
        } else {
            setTimeout(poll, PERIOD, done).unref();
        }
    }

    function idle() {
        channel.ref();
        finish();
    }

    function finish() {
        if (waiting !== undefined) {
            const done = waiting;
            waiting = undefined;
            // A timer that the other listeners have started may be over before setImmediate().
            nextTick(() => setImmediate(done, isAny()));
        }
    }

    // Node.js does not report this end.
    function poll(done) {
        if (waiting === done && isAny()) {
            setTimeout(poll, PERIOD, done).unref();
        } else if (waiting === done) {
            process.emit("beforeExit", process.exitCode ?? 0);
            finish();
        }
    }

    function stop() {
        waiting = undefined;
        channel?.ref();
    }

    return { begin, isAny, isExact, wait, stop };
});

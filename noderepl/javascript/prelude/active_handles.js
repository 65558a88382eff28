// The resources that a snippet has started and that keep a Node.js process alive: timers, servers, requests.
//
// Node.js numbers resources in the order in which they are made; the numbers at a snippet's start and end identify what
// was made meanwhile, and cost nothing while it runs.
(function activeHandles({ realm, primordials }) {
    const { Infinity: NEVER, Object, process } = realm;
    const { AsyncResource } = realm.require("async_hooks");
    const idOf = primordials.uncurried(AsyncResource.prototype.asyncId);
    const { slice } = primordials.Array;
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
    const KEPT = 1000; // snippets
    let ranges = []; // {number, first, last}: of each snippet
    let before = 0;
    let waiting;

    if (channel !== undefined) {
        process.on("beforeExit", idle);
    }

    function begin(number) {
        before = resources().length;
        if (ranges.length === 2 * KEPT) {
            ranges = slice(ranges, KEPT);
        }
        ranges[ranges.length] = { __proto__: null, number, first: newId(), last: NEVER };
    }

    function newId() {
        return idOf(new AsyncResource("noderepl"));
    }

    // Returns the number of the snippet that ran when a resource with this id was made, undefined if none did; 0 for
    // code of noderepl, and for what was there before.
    function snippetOf(id) {
        let number = ranges.length === 0 || id < ranges[0].first ? 0 : undefined;
        for (let index = ranges.length - 1; index >= 0 && number === undefined && id < ranges[index].last; index--) {
            number = id > ranges[index].first ? ranges[index].number : undefined;
        }
        return number;
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
        ranges[ranges.length - 1].last = newId();
        waiting = undefined;
        channel?.ref();
    }

    return { begin, isAny, isExact, wait, stop, snippetOf };
});

// A promise that was the value of a snippet while it was pending: reports once how it is settled.
(function pendingPromise({ realm, primordials, inspect, report }) {
    const { Promise } = realm;
    const { isPromise } = realm.require("util/types");
    const { includes } = primordials.String;
    const then = primordials.uncurried(Promise.prototype.then);
    const SHORT = { __proto__: null, breakLength: Infinity, depth: 1, maxArrayLength: 20, maxStringLength: 200 };

    // number: of the snippet.
    function follow(value, number) {
        if (isPromise(value) && isPending(value)) {
            const settled = (state) => (result) => report("note", number, `Promise ${state}: ${shown(result)}`);
            // Its species may be of the snippet's own making.
            attempt(() => then(value, settled("fulfilled"), settled("rejected")));
        }
    }

    function isPending(promise) {
        return includes(attempt(() => inspect(promise, SHORT)) ?? "", "<pending>");
    }

    function shown(value) {
        return attempt(() => inspect(value, SHORT)) ?? "a value that cannot be shown";
    }

    function attempt(action) {
        try {
            return action();
        } catch {
            return undefined;
        }
    }

    return { follow };
});

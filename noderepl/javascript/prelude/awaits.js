// What a snippet waits for, and its evaluation itself, kept until it comes: of a promise that nobody else holds the inspector
// tells that it was collected, and that ends Node.js, as the telling runs JavaScript in the middle of a collection.
(function awaits({ realm }) {
    const { Number, Promise, Set, Symbol, process } = realm;
    const { isPromise } = realm.require("util/types");
    const then = Promise.prototype.then.call.bind(Promise.prototype.then);
    const resolved = Promise.resolve.bind(Promise);
    const { asyncIterator, iterator } = Symbol;
    const add = Set.prototype.add.call.bind(Set.prototype.add);
    const remove = Set.prototype.delete.call.bind(Set.prototype.delete);
    const held = new Set();
    const { promiseHooks } = realm.require("v8");
    // Node.js 20 runs no JavaScript there, and with a hook it ends at other places.
    const isNeeded = Number(process.versions.node.split(".")[0]) > 20;

    // The first promise that is made in an action: the one of an evaluation, which is to be had in no other way.
    function firstMade(action) {
        if (!isNeeded) {
            action();
            return null;
        }
        let first = null;
        const stop = promiseHooks.onInit((promise) => {
            first ??= promise;
            stop();
        });
        try {
            action();
        } finally {
            stop();
        }
        return first;
    }

    // The value to await instead of `value`, which comes to the same.
    function hold(value) {
        if (value === null || (typeof value !== "object" && typeof value !== "function")) {
            return value;
        }
        const promise = isPromise(value) ? value : new Promise((resolve) => resolve(value));
        const release = () => remove(held, promise);
        add(held, promise);
        then(promise, release, release);
        return promise;
    }

    // An iterable for `for await` that comes to the same as `iterable`.
    function holdAll(iterable) {
        const isAsync = iterable[asyncIterator] !== undefined && iterable[asyncIterator] !== null;
        return { [asyncIterator]: () => (isAsync ? async(iterable[asyncIterator]()) : plain(iterable[iterator]())) };
    }

    function async(source) {
        const held = { next: (value) => hold(source.next(value)) };
        if (source.return !== undefined) {
            held.return = (value) => hold(source.return(value));
        }
        return held;
    }

    // Of an iterator that is not asynchronous, the values are awaited.
    function plain(source) {
        const awaited = ({ done, value }) => (done ? { done, value } : then(resolved(value), (now) => ({ done, value: now })));
        const held = { next: (value) => hold(awaited(source.next(value))) };
        if (source.return !== undefined) {
            held.return = (value) => hold(source.return(value));
        }
        return held;
    }

    return { firstMade, hold, holdAll };
});

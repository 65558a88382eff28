// What a snippet waits for, kept until it comes: of a promise that nobody else holds the inspector tells that it was
// collected, and that ends Node.js, as the telling runs JavaScript in the middle of a collection.
(function awaits({ realm }) {
    const { Promise, Set, Symbol } = realm;
    const { isPromise } = realm.require("util/types");
    const then = Promise.prototype.then.call.bind(Promise.prototype.then);
    const resolved = Promise.resolve.bind(Promise);
    const { asyncIterator, iterator } = Symbol;
    const add = Set.prototype.add.call.bind(Set.prototype.add);
    const remove = Set.prototype.delete.call.bind(Set.prototype.delete);
    const held = new Set();

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

    return { hold, holdAll };
});

// A reference to the promise of an evaluation until that is answered. Without one the inspector reports the collection
// of the promise, and that ends Node.js, because the report runs JavaScript during a garbage collection.
(function promisePin({ realm }) {
    const { Number, process } = realm;
    const { promiseHooks } = realm.require("v8");
    // Node.js 20 runs no JavaScript then, and with a hook it ends in other cases.
    const isNeeded = Number(process.versions.node.split(".")[0]) > 20;

    // Returns the first promise that an action creates: that of an evaluation, which has no other access.
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

    return { firstMade };
});

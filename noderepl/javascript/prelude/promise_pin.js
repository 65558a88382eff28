// The promise of an evaluation, to be kept until it is answered: where nobody holds it the inspector tells that it was
// collected, and that ends Node.js, as the telling runs JavaScript in the middle of a collection.
(function promisePin({ realm }) {
    const { Number, process } = realm;
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

    return { firstMade };
});

// The resources that a snippet has started and that keep a Node.js process alive: timers, servers, requests.
(function activeHandles({ realm }) {
    const { process } = realm;
    const { setTimeout } = realm.require("timers");
    const resources = process.getActiveResourcesInfo.bind(process);
    const LONGEST = 20; // ms between two checks
    let before = 0;

    function begin() {
        before = resources().length;
    }

    function isAny() {
        return resources().length > before;
    }

    // Calls `done` once no such resource is active, or `isOver` returns true.
    function wait(isOver, done, delay = 1) {
        if (isOver() || !isAny()) {
            done();
        } else {
            setTimeout(wait, delay, isOver, done, delay * 2 < LONGEST ? delay * 2 : LONGEST).unref();
        }
    }

    return { begin, isAny, wait };
});

// What a snippet has started and left behind: timers, servers, requests and the like that keep a Node.js process alive.
(function activeHandles({ realm }) {
    const { process } = realm;
    const { setTimeout } = realm.require("timers");
    const resources = process.getActiveResourcesInfo.bind(process);
    const LONGEST = 20; // ms between two looks
    let before = 0;

    function begin() {
        before = resources().length;
    }

    function isAny() {
        return resources().length > before;
    }

    // Calls `done` once nothing goes on any more, or `isOver` says that nobody waits.
    function wait(isOver, done, delay = 1) {
        if (isOver() || !isAny()) {
            done();
        } else {
            setTimeout(wait, delay, isOver, done, delay * 2 < LONGEST ? delay * 2 : LONGEST).unref();
        }
    }

    return { begin, isAny, wait };
});

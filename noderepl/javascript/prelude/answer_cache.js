// The state of each snippet, for a client that has lost the answer: it asks by the request id.
//
// The state of an id is final: if a client asks for an id before its snippet arrives, the snippet never runs. So a late
// or repeated request has no effect.
(function answerCache() {
    "use strict";
    const KEPT_IDS = 1000;
    const KEPT = 4; // clients may share a session
    const [UNBEGUN, RUNNING, FORGOTTEN] = [0, 1, 2];
    const WITHOUT_ANSWER = ["unbegun", "running", "forgotten"];
    const kept = { __proto__: null };
    const ids = { __proto__: null };
    let count = 0;

    // Returns whether the snippet may run, and marks it as running.
    function begin(id) {
        if (kept[id] !== undefined) {
            return false;
        }
        ids[++count] = id;
        kept[id] = RUNNING;
        const old = ids[count - KEPT];
        if (old !== undefined && kept[old] !== UNBEGUN) {
            kept[old] = FORGOTTEN;
        }
        if (count > KEPT_IDS) {
            delete kept[ids[count - KEPT_IDS]];
            delete ids[count - KEPT_IDS];
        }
        return true;
    }

    function keep(id, stored) {
        kept[id] = stored;
    }

    function of(id) {
        if (begin(id)) {
            kept[id] = UNBEGUN;
        }
        const stored = kept[id];
        return typeof stored === "object" ? stored : { __proto__: null, kind: WITHOUT_ANSWER[stored], id };
    }

    return { begin, keep, of };
});

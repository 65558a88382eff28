// What became of each snippet, for who lost the answer on its way: the client makes an id for each and asks by it.
//
// An id is answered for once and for all: one that was asked for before its snippet came never runs it. So a request
// that is late, or is delivered twice, changes nothing.
(function answerCache() {
    "use strict";
    const KEPT_IDS = 1000;
    const KEPT = 4; // clients may share a session
    const [UNBEGUN, RUNNING, FORGOTTEN] = [0, 1, 2];
    const WITHOUT_ANSWER = ["unbegun", "running", "forgotten"];
    const kept = { __proto__: null };
    const ids = { __proto__: null };
    let count = 0;

    // Whether the snippet may run.
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

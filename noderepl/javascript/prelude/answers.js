// What became of each snippet, for who lost the answer on its way: the client makes an id for each and asks by it.
//
// An id is answered for once and for all: one that was asked for before its snippet came never runs it. So a request that is
// late, or is delivered twice, changes nothing.
(function answers() {
    "use strict";
    const KEPT_IDS = 1000;
    const KEPT_TEXTS = 4; // clients may share a session
    const UNBEGUN = 0, RUNNING = 1, FORGOTTEN = 2;
    const WITHOUT_TEXT = ["unbegun", "running", "forgotten"];
    const texts = { __proto__: null };
    const ids = { __proto__: null };
    let count = 0;

    // Whether the snippet may run.
    function begin(id) {
        if (texts[id] !== undefined) {
            return false;
        }
        ids[++count] = id;
        texts[id] = RUNNING;
        const old = ids[count - KEPT_TEXTS];
        if (old !== undefined && texts[old] !== UNBEGUN) {
            texts[old] = FORGOTTEN;
        }
        if (count > KEPT_IDS) {
            delete texts[ids[count - KEPT_IDS]];
            delete ids[count - KEPT_IDS];
        }
        return true;
    }

    function keep(id, text) {
        texts[id] = text;
    }

    function of(id) {
        if (begin(id)) {
            texts[id] = UNBEGUN;
        }
        const text = texts[id];
        return typeof text === "string" ? text : `{"kind":"${WITHOUT_TEXT[text]}","id":"${id}"}`;
    }

    return { begin, keep, of };
});

// Code that a magic sends with its request (../instruments) instead of with the prelude: a function of `tools`. Its
// result has report(), whose value goes into the answer as a text of JSON; and if it measures a snippet, begin(), which
// is called before the evaluation, or measured(body), which calls the snippet as a function.
//
// tools: what it may use of the prelude, and `store`, an object that stays from request to request.
(function instruments({ realm, tools, current }) {
    const { JSON, Object } = realm;
    const { keys, setPrototypeOf } = Object;
    const { stringify } = JSON;
    const types = realm.require("util/types");
    const store = { __proto__: null };

    function made(instrument, request) {
        return instrument?.({ __proto__: null, ...tools, types, store, request });
    }

    // Answers a request that runs no snippet.
    function ask(kernel, request, instrument) {
        kernel.async();
        const report = reported(made(instrument, request));
        kernel.text(`noderepl:${stringify({ __proto__: null, kind: "report", report })}`);
    }

    function reported(instrument) {
        const value = instrument?.report();
        return value === undefined ? undefined : stringify(bare(value));
    }

    // Removes prototypes, so that stringify() calls no toJSON of the user.
    function bare(value) {
        if (typeof value === "object" && value !== null) {
            const all = keys(value);
            for (let index = 0; index < all.length; index++) {
                bare(value[all[index]]);
            }
            setPrototypeOf(value, null);
        }
        return value;
    }

    return { made, reported, api: { ask, measured: (body) => current().instrument.measured(body) } };
});

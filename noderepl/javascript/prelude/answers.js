// The answers of requests, as texts of JSON for the kernel's `$$`; prelude.js has the contract.
//
(function answers({ realm, inspect, answerCache, displays, output, results, takeLate }) {
    const { JSON, Object } = realm;
    const node = realm.process.version;
    const { freeze, setPrototypeOf } = Object;
    const { stringify } = JSON;
    const { byteLength } = realm.require("buffer").Buffer;
    // The maximum size of an answer; the client reads up to 16 MiB.
    const MOST_BYTES = 15 << 20;
    const TOO_LONG = freeze({
        __proto__: null,
        name: "RangeError",
        message: "The value is longer than 15 MiB: write it to a file, and download that",
        stack: "",
    });

    // Answers with a value in full: its text, or its bytes. number: of its snippet, 0 for the last value.
    function whole(kernel, request) {
        const { width, depth } = request;
        const found = results.find(request.number);
        kernel.async();
        if (found === undefined) {
            const message = `there is no result _${request.number}`;
            const error = { __proto__: null, name: "NoResult", message, stack: "" };
            const { number } = request;
            respond(
                { kernel, request },
                { __proto__: null, kind: "error", number, ms: 0, error, media: [], notes: [] },
            );
            return;
        }
        const { value, number } = found;
        const how = { breakLength: width, depth, maxArrayLength: null, maxStringLength: null };
        const text = typeof value === "string" ? value : value === undefined ? undefined : inspect(value, how);
        const data = typeof value === "string" || value === undefined ? undefined : null; // a string is its own text
        const media = displays.bytesOf(value);
        respond({ kernel, request }, { __proto__: null, kind: "value", number, ms: 0, text, data, media, notes: [] });
    }

    function respond({ kernel, request }, answer) {
        answer.media = bare(answer.media);
        answer.notes = bare(answer.notes);
        answer.late = bare(takeLate());
        answer.id = request.id;
        answer.node = request.asks ? node : undefined;
        let text = stringify(answer);
        if (byteLength(text) > MOST_BYTES && answer.kind === "value") {
            // The text of a long string is cut.
            answer = { ...answer, __proto__: null, data: undefined, json: undefined, report: undefined, cut: true };
            text = stringify(answer);
        }
        if (byteLength(text) > MOST_BYTES) {
            answer = { ...answer, __proto__: null, kind: "error", text: "", error: TOO_LONG, media: bare([]) };
            text = stringify(answer);
        }
        if (request.id !== undefined) {
            answerCache.keep(request.id, answer);
        }
        kernel.text(`noderepl:${text}`);
    }

    // Repeats the output of the latest snippet in pieces, as it may be lost too.
    function recall(kernel, { id }) {
        const answer = answerCache.of(id);
        if (answer.output !== undefined && output.isOf(id)) {
            answer.output = output.keep();
        }
        kernel.async();
        kernel.text(`noderepl:${stringify(answer)}`);
    }

    // Removes prototypes, so that stringify() calls no toJSON of the user.
    function bare(list) {
        for (let index = 0; index < list.length; index++) {
            if (typeof list[index] === "object") {
                setPrototypeOf(list[index], null);
            }
        }
        return setPrototypeOf(list, null);
    }

    return { node, recall, respond, whole };
});

// The output of snippets, in order: it goes to the kernel, and if it is too late or too much for it, into files that
// the client reads besides the answers.
//
// Contract with ../output.py: a *piece* is a file .noderepl-output-ID-N of the session, N from 0 for each request id,
// with the JSON [[number, kind, text], …]. number: of a snippet, 0 for the running one. kind: "stdout" or "stderr" for
// output; "uncaught" for an error that nothing caught, as the JSON {"name", "message", "stack"}; "note" for a sentence;
// "input" if the snippet reads its standard input (input.js).
// A byte that is not UTF-8 is a lone surrogate of the text, U+DC80 to U+DCFF, as in Python's surrogateescape. Pieces
// exist until the request after the next one. An answer has {"pieces": of this request, "before": of the previous one,
// "bytes": {"stdout", "stderr"} of this snippet, "dropped": whether there was too much, "order"?: bytes by turns of
// stdout and stderr, beginning with stdout}. If an answer has pieces, they contain all output of its snippet.
(function output({ realm, primordials, note, data, byteText }) {
    const { Buffer, JSON, Number, Object, String, process } = realm;
    const { AsyncLocalStorage } = realm.require("async_hooks");
    const { existsSync, renameSync, unlinkSync, writeFileSync } = realm.require("fs");
    const { setTimeout } = realm.require("timers");
    const { isUint8Array } = realm.require("util/types");
    const { byteLength, from, isEncoding } = Buffer;
    const { stringify } = JSON;
    const { assign, setPrototypeOf } = Object;
    const toWellFormed = primordials.uncurried(String.prototype.toWellFormed);
    const { sizeOf } = byteText;
    const { charCodeAt, slice } = primordials.String;
    const { within, origin, numbers } = trace();
    const prefix = `${data}/.noderepl-`;
    const PASSED = 1 << 20; // bytes of a snippet that the kernel gets too
    const PASSED_WRITES = 5000; // the same limit in writes: each is a message of the kernel
    const PIECE = 1 << 20; // characters
    const MOST_TURNS = 2 * PASSED_WRITES;
    const EVENT = 32; // the size of an event besides its text
    const MOST = 2000; // pieces of a request
    const MOST_BYTES = 1 << 27;
    const DELAY = 200; // ms for which late output is collected

    const decoders = { __proto__: null, stdout: byteText.decoder(), stderr: byteText.decoder() };
    let request = { __proto__: null, id: 0, number: 0, pieces: 0 }; // the latest
    let before = request; // the previous one
    let isRunning = false;
    let bytes = { __proto__: null, stdout: 0, stderr: 0 };
    let writes = 0; // of the snippet
    let waiting = []; // events that are in no piece yet
    let size = 0;
    let unwritten = null; // pieces that are counted and may not be written yet
    let isDue = false;
    let isBroken = false; // pieces cannot be written
    let isDropped = false;
    let incomplete; // the number of the latest snippet whose output may be missing
    let isAllText = true; // the kernel has what the snippet wrote as it wrote it
    let order = [0];

    // within(number, action) makes origin() return that number in everything that the action starts. Before Node.js 24
    // this needs hooks that are visible in every promise: there, all output belongs to the latest snippet.
    function trace() {
        if (Number.parseInt(process.versions.node, 10) < 24) {
            return { within: (_, action) => action(), origin: () => undefined };
        }
        const made = new AsyncLocalStorage();
        assign(made, { enterWith: made.enterWith, getStore: made.getStore }); // the prototype may change
        return { within: made.run.bind(made), origin: made.getStore.bind(made), numbers: made };
    }

    // Until end(), output belongs to this snippet, unless an earlier one has started it.
    function begin(id, number) {
        if (isDue) {
            put();
        }
        waiting = []; // the kernel has received it
        size = 0;
        discard(before);
        // The client removes this file too, but maybe later.
        const interrupt = `${prefix}interrupt-${request.id}`;
        if (existsSync(interrupt)) {
            remove(interrupt);
        }
        before = request;
        request = { __proto__: null, id, number, pieces: 0 };
        bytes = { __proto__: null, stdout: 0, stderr: 0 };
        writes = 0;
        unwritten = null;
        isBroken = false;
        isDropped = false;
        isRunning = true;
        isAllText = true;
        order = [0];
    }

    function end() {
        flush("stdout");
        flush("stderr");
        isRunning = false;
        return request.pieces > 0 || isDue || !isPassed() ? keep() : summary();
    }

    // The bytes of an incomplete character.
    function flush(stream) {
        const text = decoders[stream].end();
        if (text !== "") {
            take(stream, text, false);
        }
    }

    // Returns whether the kernel has received all output of the snippet so far.
    function isPassed() {
        return isAllText && writes <= PASSED_WRITES && bytes.stdout + bytes.stderr <= PASSED;
    }

    function keep() {
        put();
        return summary();
    }

    // Takes what has been written to a descriptor by the snippet of a number.
    function receive(stream, data_, number) {
        take(stream, decoders[stream].add(data_).text, false, number);
    }

    // Output of the snippet of a number is dropped.
    function drop(number) {
        if (isOwn(number)) {
            isDropped = true;
        } else {
            report("note", number, "A process wrote more than is kept: the rest is dropped.");
        }
    }

    // Output of the snippet of a number may be missing. why: a sentence.
    function miss(number, why) {
        if (number === incomplete) {
            return;
        }
        incomplete = number;
        if (isOwn(number)) {
            note(why);
        } else {
            report("note", number, why);
        }
    }

    // The watchdog has put output of the snippet into pieces of its own, up to this number. sizes: in bytes.
    function addPieces(total, sizes) {
        request.pieces = total;
        bytes.stdout += sizes.stdout;
        bytes.stderr += sizes.stderr;
    }

    function isOf(id) {
        return request.id === id;
    }

    function summary() {
        const written = { __proto__: null, pieces: request.pieces, before: before.pieces, bytes, dropped: isDropped };
        written.order = request.pieces === 0 && order.length > 2 ? setPrototypeOf(order, null) : undefined;
        return written;
    }

    // Takes what a stream writes. Returns whether the kernel gets it too; undefined for a chunk that is no text and no
    // bytes.
    function write(stream, chunk, encoding) {
        const decoder = decoders[stream];
        if (typeof chunk === "string" && (typeof encoding !== "string" || isUtf8(encoding))) {
            const text = toWellFormed(chunk);
            return decoder.hasTail() ? take(stream, decoder.end() + text, false) : take(stream, text, true);
        }
        const given = bytesOf(chunk, encoding);
        if (given === undefined) {
            return undefined;
        }
        const { text, isExact } = decoder.add(given);
        return take(stream, text, isExact);
    }

    // An error or a sentence that belongs to no answer. number: of the snippet, undefined where it is not known.
    function report(kind, number, text) {
        waiting[waiting.length] = [number ?? numberNow(), kind, text];
        size += EVENT + text.length;
        putSoon();
    }

    // Tells the client that the running snippet reads its standard input, and how.
    function ask(how) {
        waiting[waiting.length] = [0, "input", how];
        size += EVENT;
        show();
    }

    function putSoon() {
        if (!isDue) {
            isDue = true;
            setTimeout(put, DELAY).unref();
        }
    }

    function bytesOf(chunk, encoding) {
        if (typeof chunk === "string") {
            return isEncoding(encoding) ? from(chunk, encoding) : undefined;
        }
        return isUint8Array(chunk) ? from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : undefined;
    }

    function isUtf8(encoding) {
        return encoding === "utf8" || encoding === "utf-8" || encoding === "buffer";
    }

    // Returns the number of the snippet to which the running code belongs.
    function numberNow() {
        return origin() ?? request.number;
    }

    // Returns whether the kernel also gets the text. isText: whether the kernel reads it as the same text. The watchdog
    // may call show() during any call in here.
    function take(stream, text, isText, number = numberNow()) {
        const isCounted = isOwn(number);
        gather(isCounted ? 0 : number, stream, text, isCounted, isText);
        if (!isCounted) {
            putSoon();
        }
        writes += isCounted ? 1 : 0;
        isAllText = isAllText && (isText || !isCounted);
        return isCounted && (isBroken || isPassed());
    }

    // The client rejects pieces of more than 16 MiB, so a long text is split; surrogate pairs are not.
    function gather(number, stream, text, isCounted, isText) {
        let start = 0;
        do {
            const stop = start + PIECE + (isHighSurrogate(charCodeAt(text, start + PIECE - 1)) ? 1 : 0);
            const part = slice(text, start, stop);
            const length = isCounted ? (isText ? byteLength(part) : sizeOf(part)) : 0;
            const last = waiting[waiting.length - 1];
            // No calls from here on: the snippet may be terminated in any, and counted text must be stored.
            if (last !== undefined && last[0] === number && last[1] === stream) {
                last[2] += part;
            } else {
                waiting[waiting.length] = [number, stream, part];
                size += EVENT;
            }
            size += part.length;
            bytes[stream] += length;
            if (order.length % 2 === (stream === "stdout" ? 0 : 1) && order.length < MOST_TURNS) {
                order[order.length] = 0;
            }
            order[order.length - 1] += length;
            if (size > PIECE) {
                put();
            }
            start = stop;
        } while (start < text.length);
    }

    function isHighSurrogate(code) {
        return code >= 0xd800 && code < 0xdc00;
    }

    // Makes a piece of the waiting events.
    function put() {
        const events = waiting;
        waiting = [];
        size = 0;
        isDue = false;
        const isFull = request.pieces === MOST || bytes.stdout + bytes.stderr > MOST_BYTES;
        if (events.length > 0 && !isBroken && !isFull) {
            unwritten = {
                __proto__: null,
                place: `${prefix}output-${request.id}-${request.pieces}`,
                events,
                next: unwritten,
            };
            request.pieces++;
        }
        isDropped = isDropped || (events.length > 0 && !isBroken && isFull);
        writePieces();
    }

    // The snippet may be terminated in here, and the watchdog may call show(): a piece is written again until it
    // exists.
    function writePieces() {
        while (unwritten !== null) {
            const piece = unwritten;
            const { place, events } = piece;
            try {
                for (let index = 0; index < events.length; index++) {
                    setPrototypeOf(events[index], null);
                }
                writeFileSync(`${place}.new`, stringify(setPrototypeOf(events, null)));
                renameSync(`${place}.new`, place);
            } catch {
                // A call by the watchdog may have moved the file to its place.
                if (!existsSync(place)) {
                    isBroken = true;
                    unwritten = null;
                }
            }
            if (unwritten === piece) {
                unwritten = piece.next;
            }
        }
    }

    function show() {
        if (isRunning) {
            put();
        }
    }

    // Returns whether a snippet is the running one.
    function isOwn(number) {
        return isRunning && number === request.number;
    }

    function pieces() {
        return request.pieces;
    }

    function discard({ id, pieces: total }) {
        for (let index = 0; index < total; index++) {
            remove(`${prefix}output-${id}-${index}`);
        }
    }

    function remove(file) {
        try {
            unlinkSync(file);
        } catch {
            // The user has deleted it.
        }
    }

    return {
        addPieces,
        ask,
        begin,
        miss,
        drop,
        end,
        isOf,
        isOwn,
        keep,
        numberNow,
        origin,
        numbers,
        pieces,
        receive,
        report,
        show,
        within,
        write,
    };
});

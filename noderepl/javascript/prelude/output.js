// What snippets write, in order: it goes to the kernel as always, and where that is too late or too much for it, into
// files that the client reads beside the answers.
//
// Contract with ../output.py: a *piece* is a file .noderepl-output-ID-N of the session, N from 0 for each request ID,
// with the JSON [[number, kind, text], …]. number: of a snippet, 0 for the one that runs. kind: "stdout" or "stderr" for
// what the snippet wrote; "uncaught" for an error that it left behind, as the JSON {"name", "message", "stack"}; "note"
// for a sentence about it. A byte that is not UTF-8 is a lone surrogate of the text, U+DC80 to U+DCFF, as in Python's
// surrogateescape. Pieces stay until the request after the next one. An answer has {"pieces": of this request, "before":
// of the one before it, "bytes": {"stdout", "stderr"}, which is what this snippet wrote, "dropped": whether there was
// too much, "order"?: bytes by turns of stdout and stderr, beginning with stdout}. If an answer has pieces, they contain
// all that its snippet wrote.
(function output({ realm, primordials, data, byteText }) {
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
    const { within, origin } = trace();
    const prefix = `${data}/.noderepl-`;
    const PASSED = 1 << 20; // bytes of a snippet that the kernel gets too
    const PASSED_WRITES = 5000; // the same in writes, each of which is a message of the kernel
    const PIECE = 1 << 20; // characters
    const EVENT = 32; // what an event counts for beside its text
    const MOST = 2000; // pieces of a request
    const MOST_BYTES = 1 << 27;
    const DELAY = 200; // ms that late output is gathered for

    const decoders = { __proto__: null, stdout: byteText.decoder(), stderr: byteText.decoder() };
    let request = { __proto__: null, id: 0, number: 0, pieces: 0 }; // the latest
    let before = request; // the one before it
    let isRunning = false;
    let bytes = { __proto__: null, stdout: 0, stderr: 0 };
    let writes = 0; // of the snippet
    let waiting = []; // what is in no piece yet; a list of events
    let size = 0;
    let unwritten = null; // pieces that are counted and may not be there yet
    let isDue = false;
    let isBroken = false; // pieces cannot be written
    let isDropped = false;
    let isAllText = true; // the kernel has what the snippet wrote as it wrote it
    let order = [0];

    // within(number, action) makes origin() tell, in all that goes back to the action, that number. Before Node.js 24
    // this takes hooks that show in every promise: there the latest snippet counts for what was started by any.
    function trace() {
        if (Number.parseInt(process.versions.node, 10) < 24) {
            return { within: (_, action) => action(), origin: () => undefined };
        }
        const numbers = new AsyncLocalStorage();
        const { enterWith, getStore } = numbers;
        assign(numbers, { enterWith, getStore }); // its own, whatever becomes of the prototype
        return { within: numbers.run.bind(numbers), origin: numbers.getStore.bind(numbers) };
    }

    // Until end(), what is written is this snippet's own, unless an earlier one has started it.
    function begin(id, number) {
        if (isDue) {
            put();
        }
        waiting = []; // the kernel had it
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

    // Whether the kernel has all of the snippet's output.
    function isPassed() {
        return isAllText && writes <= PASSED_WRITES && bytes.stdout + bytes.stderr <= PASSED;
    }

    function keep() {
        put();
        return summary();
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
        waiting[waiting.length] = [number ?? origin() ?? request.number, kind, text];
        size += EVENT + text.length;
        putSoon();
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

    // Returns whether the kernel gets it. isText: whether the kernel reads it as the same text. The watchdog's thread
    // may call show() at any call in here.
    function take(stream, text, isText) {
        const number = origin() ?? request.number;
        const isOwn = isRunning && number === request.number;
        gather(isOwn ? 0 : number, stream, text, isOwn, isText);
        if (!isOwn) {
            putSoon();
        }
        writes += isOwn ? 1 : 0;
        isAllText = isAllText && (isText || !isOwn);
        return isOwn && (isBroken || isPassed());
    }

    // The client refuses pieces of more than 16 MiB, so a long text goes into several; no surrogate pair is divided.
    function gather(number, stream, text, isCounted, isText) {
        let start = 0;
        do {
            const stop = start + PIECE + (isHighSurrogate(charCodeAt(text, start + PIECE - 1)) ? 1 : 0);
            const part = slice(text, start, stop);
            const length = isCounted ? (isText ? byteLength(part) : sizeOf(part)) : 0;
            const last = waiting[waiting.length - 1];
            // No call from here on: the snippet may be ended at any, and what is counted must be there.
            if (last !== undefined && last[0] === number && last[1] === stream) {
                last[2] += part;
            } else {
                waiting[waiting.length] = [number, stream, part];
                size += EVENT;
            }
            size += part.length;
            bytes[stream] += length;
            if (order.length % 2 === (stream === "stdout" ? 0 : 1)) {
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

    // What is waiting becomes a piece.
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

    // The snippet may be ended in here, and the watchdog's thread may come in: a piece is written again until it is
    // there.
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
                // The watchdog's thread may have come in between, and have moved the file to its place.
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

    function discard({ id, pieces }) {
        for (let index = 0; index < pieces; index++) {
            remove(`${prefix}output-${id}-${index}`);
        }
    }

    function remove(file) {
        try {
            unlinkSync(file);
        } catch {
            // The user was first.
        }
    }

    return { begin, end, isOf, keep, origin, report, show, within, write };
});

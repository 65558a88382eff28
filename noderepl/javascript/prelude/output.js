// What snippets write, in order: it goes to the kernel as always, and where that is too late or too much for it, into
// files that the client reads beside the answers.
//
// Contract with ../output.py: a *piece* is a file .noderepl-output-ID-N of the session, N from 0 for each request ID,
// with the JSON [[number, "stdout" | "stderr", text], …]: what the snippet of that number wrote, 0 for the one that
// runs. Pieces stay until the request after the next one. An answer tells {"pieces": of this request, "before": of the
// one before it, "bytes": {"stdout", "stderr"}, which is what this snippet wrote, "dropped": whether there was too
// much}. Where an answer tells of pieces, they have all that its snippet wrote.
(function output({ realm, primordials, data }) {
    const { Buffer, JSON, Number, Object, Reflect, String, WeakSet, process } = realm;
    const { AsyncLocalStorage } = realm.require("async_hooks");
    const { existsSync, renameSync, unlinkSync, writeFileSync } = realm.require("fs");
    const { setTimeout } = realm.require("timers");
    const { isUint8Array } = realm.require("util/types");
    const { byteLength, from, isEncoding } = Buffer;
    const { nextTick } = process;
    const { stringify } = JSON;
    const { assign, defineProperty, setPrototypeOf } = Object;
    const { apply } = Reflect;
    const decode = primordials.uncurried(Buffer.prototype.toString);
    const toWellFormed = primordials.uncurried(String.prototype.toWellFormed);
    const add = WeakSet.prototype.add.call.bind(WeakSet.prototype.add);
    const has = WeakSet.prototype.has.call.bind(WeakSet.prototype.has);
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

    const known = new WeakSet(); // streams
    const pass = { __proto__: null, stdout: null, stderr: null };
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
        listen("stdout", true);
        listen("stderr", true);
    }

    function end() {
        isRunning = false;
        return request.pieces > 0 || isDue || !isPassed() ? keep() : summary();
    }

    // Whether the kernel has had all of the snippet's output by now.
    function isPassed() {
        return writes <= PASSED_WRITES && bytes.stdout + bytes.stderr <= PASSED;
    }

    function keep() {
        put();
        return summary();
    }

    function isOf(id) {
        return request.id === id;
    }

    function summary() {
        return { __proto__: null, pieces: request.pieces, before: before.pieces, bytes, dropped: isDropped };
    }

    // The kernel has other streams between snippets, into which its own of a snippet may flow.
    function rest() {
        listen("stdout", false);
        listen("stderr", false);
    }

    function listen(stream, always) {
        const target = process[stream];
        const original = target.write;
        if (has(known, target) || typeof original !== "function") {
            return;
        }
        add(known, target);
        if (always) {
            pass[stream] = (...given) => apply(original, target, given);
        }
        function value(chunk, encoding, callback) {
            const text = textOf(chunk, encoding);
            if (text === undefined || (!always && isRunning)) {
                return apply(original, target, [chunk, encoding, callback]);
            }
            if (take(stream, text)) {
                return pass[stream](chunk, encoding, callback);
            }
            const done = typeof encoding === "function" ? encoding : callback;
            if (typeof done === "function") {
                nextTick(done);
            }
            return true;
        }
        defineProperty(target, "write", { __proto__: null, value, configurable: true, writable: true });
    }

    // What the kernel makes of it: each chunk for itself, so that both come to the same. Undefined for what is refused.
    function textOf(chunk, encoding) {
        if (typeof chunk !== "string") {
            return isUint8Array(chunk) ? decode(from(chunk.buffer, chunk.byteOffset, chunk.byteLength)) : undefined;
        }
        if (typeof encoding !== "string" || isUtf8(encoding)) {
            return toWellFormed(chunk);
        }
        return isEncoding(encoding) ? decode(from(chunk, encoding)) : undefined;
    }

    function isUtf8(encoding) {
        return encoding === "utf8" || encoding === "utf-8" || encoding === "buffer";
    }

    // Whether the kernel is to have it. The watchdog's thread may call show() at any call in here.
    function take(stream, text) {
        const number = origin() ?? request.number;
        const isOwn = isRunning && number === request.number;
        gather(isOwn ? 0 : number, stream, text, isOwn);
        if (!isOwn && !isDue) {
            isDue = true;
            setTimeout(put, DELAY).unref();
        }
        writes += isOwn ? 1 : 0;
        return isOwn && (isBroken || isPassed());
    }

    // The client refuses pieces of more than 16 MiB, so a long text goes into several; no surrogate pair is divided.
    function gather(number, stream, text, isCounted) {
        let start = 0;
        do {
            const stop = start + PIECE + (isHighSurrogate(charCodeAt(text, start + PIECE - 1)) ? 1 : 0);
            const part = slice(text, start, stop);
            const length = isCounted ? byteLength(part) : 0;
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
        write();
    }

    // The snippet may be ended in here, and the watchdog's thread may come in: a piece is written again until it is
    // there.
    function write() {
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

    return { begin, end, isOf, keep, rest, show, within };
});

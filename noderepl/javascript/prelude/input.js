// Standard input: what the user types while a snippet runs. process.stdin is a stream of the prelude.
//
// Contract with ../../execution/answers.py: the event "input" of a piece (output.js) says that the snippet reads; its
// text is "line", or "keys" in raw mode. An answer is a file .noderepl-input-ID-N, N from 0 for each request id, with
// lines and their ends as JSON, or a key in raw mode, or null for the end of the input. If the client cannot answer,
// the input ends at once.
//
// parts: with readline_interfaces.js. isReplaced(): whether standard input is a file now. note(text) adds a line to
// the answer. echo(text) writes to stdout. starve(answer) returns whether the snippet waits for nothing, and ends it
// with an answer unless that is null.
(function input({ realm, primordials, parts, isReplaced, data, output, note, echo, starve }) {
    const { Atomics, Buffer, Int32Array, JSON, Object, Reflect, Set, SharedArrayBuffer, process } = realm;
    const { existsSync, readFileSync, readSync, unlinkSync } = realm.require("fs");
    const { EventEmitter } = realm.require("events");
    const { syncBuiltinESMExports } = realm.require("module");
    const { Readable } = realm.require("stream");
    const { setTimeout, clearTimeout } = realm.require("timers");
    const { wait } = Atomics;
    const { alloc, from } = Buffer;
    const { parse } = JSON;
    const { assign } = Object;
    const { defineProperty } = Reflect;
    const toText = primordials.uncurried(Buffer.prototype.toString);
    const directory = process.cwd();
    const push = primordials.uncurried(Readable.prototype.push);
    const listenersOf = primordials.uncurried(EventEmitter.prototype.listeners);
    const { includes, some } = primordials.Array;
    const { add, has } = primordials.Set;
    const { indexOf, slice } = primordials.String;
    const { replace } = primordials;
    const READING = ["data", "readable", "keypress"]; // events for which somebody listens who reads
    const STUCK = "The input ended, and the snippet waits for nothing else";
    const ENDED = {
        __proto__: null,
        kind: "error",
        error: { __proto__: null, name: "Error", message: STUCK, stack: "" },
    };
    const EMPTY = "The program read standard input, which is empty here: it ended at once.";
    const NEWLINE = 10;
    const STEP = 50; // ms between two looks for an answer
    const STARVED = 10; // looks after which a snippet that waits for nothing else than an ended input is at its end
    const SOON = 100; // ms after which a snippet that does not read itself asks for a reader of an earlier one
    const cell = new Int32Array(new SharedArrayBuffer(4));
    const idle = new Set(); // listeners of interfaces, which read only for a question or a listener of their lines
    const interfaces = parts.readline_interfaces({
        realm,
        primordials,
        reads: (one) => one?.input === stream,
        touch: () => (isTouched = true),
    });
    let isWanted = false; // the stream has nothing, and somebody reads it
    let request = null; // the running one, null between snippets
    let next = 0; // the number of the next answer
    let asked; // how the client knows that the snippet reads
    let isNoted = false;
    let isExported = false; // the module node:process exports the streams of the prelude
    let isTouched = false; // the snippet itself has begun to read
    let rest; // bytes of a line that have not been read
    let lines = ""; // of an answer, that have not been read
    let timer;
    let stream = create();

    expose();
    if (!("prompt" in realm)) {
        defineProperty(realm, "prompt", { __proto__: null, value: prompt, configurable: true, writable: true });
    }

    function create() {
        isWanted = false;
        const made = new Readable({
            __proto__: null,
            read() {
                isWanted = true;
                lookIn(0);
            },
        });
        made.on("newListener", (name, listener) => {
            if (includes(READING, name)) {
                isTouched = true;
                if (interfaces.areMade()) {
                    add(idle, listener);
                }
                lookIn(0);
            }
        });
        const setRawMode = (isRaw) => assign(made, { isRaw: isRaw === true });
        return assign(made, { fd: 0, isRaw: false, setRawMode, ref: () => made, unref: () => made });
    }

    function expose() {
        const how = { __proto__: null, configurable: true, enumerable: true, writable: true };
        defineProperty(process, "stdin", { ...how, __proto__: null, value: stream });
    }

    // Before a snippet. asks: whether the client can answer.
    function begin({ id, asks, aside, terminal }) {
        request = { __proto__: null, id, asks: asks && !aside };
        next = 0;
        asked = undefined;
        isNoted = isTouched = false;
        rest = undefined;
        lines = "";
        if (stream.readableEnded || stream.destroyed) {
            const isExposed = process.stdin === stream;
            isExported = false;
            stream = create();
            if (isExposed) {
                expose();
            }
        }
        if (stream.isPaused() && !isRead() && !interfaces.isAny()) {
            // A closed interface has paused the stream, and a new program expects one in its initial state.
            stream.resume();
            stream.readableFlowing = null;
        }
        if (!isExported) {
            isExported = true;
            syncBuiltinESMExports();
        }
        stream.isTTY = terminal === null ? undefined : true;
        if (isWanted) {
            lookIn(SOON);
        }
    }

    // After a snippet. isCut: whether it was ended; its questions are then over, so that others can be asked. notes: of
    // its answer.
    function end(isCut, notes) {
        clearTimeout(timer);
        let unread = 0;
        while (request !== null) {
            const text = takeAnswer();
            if (text === undefined) {
                break;
            }
            unread += text === null ? 0 : countOf(text);
        }
        request = null;
        if (isCut) {
            interfaces.forgetQuestions();
        }
        if (unread > 0) {
            notes[notes.length] = `Lines that were typed and not read: ${unread}.`;
        }
    }

    function countOf(text) {
        let count = 0;
        for (let at = indexOf(text, "\n"); at >= 0; at = indexOf(text, "\n", at + 1)) {
            count += 1;
        }
        return count;
    }

    // Whether somebody reads: a listener of the stream, or an interface with a question or a listener of lines.
    function isRead() {
        return interfaces.doRead() || some(READING, isDirect);
    }

    function isDirect(name) {
        return some(listenersOf(stream, name), (listener) => !has(idle, listener));
    }

    // Whether the snippet goes on after its value, because it reads.
    function isHeld() {
        const isOpen = !stream.readableEnded && !stream.destroyed && !stream.isPaused();
        return request !== null && request.asks && isTouched && isOpen && isRead();
    }

    // Calls `done` once the snippet does not read any more, or `isOver` returns true.
    function hold(isOver, done) {
        if (isOver() || !isHeld()) {
            done();
        } else {
            setTimeout(hold, STEP, isOver, done);
        }
    }

    // Where nobody can answer, the end of the input is part of the snippet.
    function lookIn(milliseconds) {
        clearTimeout(timer);
        timer = setTimeout(look, milliseconds);
        if (request === null || request.asks) {
            timer.unref();
        }
    }

    // Gives the stream the next answer if somebody reads it.
    function look() {
        if (request === null || !isWanted) {
            return;
        }
        const answer = isRead() ? answerOf() : undefined;
        if (answer !== undefined) {
            isWanted = false;
            deliver(answer);
        } else {
            lookIn(STEP);
        }
    }

    // In raw mode, Ctrl-D and Enter are keys, and the program echoes them.
    function deliver(line) {
        if (line === null) {
            setTimeout(endStarved, STEP, request, STARVED).unref();
        }
        interfaces.answered();
        if (stream.isRaw) {
            push(stream, line === null ? "\x04" : replace(line, /\n/g, () => "\r"));
        } else {
            echoLine(line);
            push(stream, line);
        }
    }

    // As Node.js ends a program whose await nothing can settle, such as a question at the end of the input.
    function endStarved(one, left) {
        if (request === one && starve(left === 0 ? ENDED : null) && left > 0) {
            setTimeout(endStarved, STEP, one, left - 1).unref();
        }
    }

    function echoLine(line) {
        if (line !== null && request.asks) {
            echo(line);
        }
    }

    // Returns a line, null for the end, undefined if there is no answer yet.
    function answerOf() {
        if (!request.asks) {
            noteEmpty();
            return null;
        }
        const how = stream.isRaw ? "keys" : "line";
        if (asked !== how) {
            asked = how;
            output.ask(how);
        }
        const line = takeAnswer();
        if (line === undefined) {
            output.show();
        }
        return line;
    }

    function noteEmpty() {
        if (!isNoted) {
            isNoted = true;
            note(EMPTY);
        }
    }

    function takeAnswer() {
        if (lines !== "") {
            const text = lines;
            lines = "";
            return text;
        }
        const line = takeFrom(data);
        return line === undefined ? takeFrom(directory) : line;
    }

    function takeFrom(place) {
        const file = `${place}/.noderepl-input-${request.id}-${next}`;
        if (!existsSync(file)) {
            return undefined;
        }
        try {
            const line = parse(readFileSync(file, "utf8"));
            unlinkSync(file);
            next += 1;
            return line;
        } catch {
            return undefined; // it is still being written
        }
    }

    // Waits for a line, blocking. Returns null for the end of the input.
    function readLine() {
        let line = request === null ? null : answerOf();
        for (; line === undefined; line = answerOf()) {
            wait(cell, 0, 0, STEP);
        }
        if (line !== null) {
            const length = indexOf(line, "\n") + 1 || line.length;
            lines = slice(line, length);
            line = slice(line, 0, length);
        }
        echoLine(line);
        return line;
    }

    // Reads bytes, blocking. Returns their number, 0 at the end of the input.
    function readInto(target, offset, length) {
        if (rest === undefined || rest.length === 0) {
            const line = readLine();
            if (line === null) {
                return 0;
            }
            rest = from(line);
        }
        const count = rest.length < length ? rest.length : length;
        for (let index = 0; index < count; index++) {
            target[offset + index] = rest[index];
        }
        rest = from(rest.buffer, rest.byteOffset + count, rest.length - count);
        return count;
    }

    function readAll() {
        let text = rest === undefined ? "" : toText(rest, "utf8");
        rest = undefined;
        for (let line = readLine(); line !== null; line = readLine()) {
            text += line;
        }
        return text;
    }

    // Reads a line of the file that is standard input now.
    function lineOfFile() {
        const byte = alloc(1);
        const bytes = [];
        while (readSync(0, byte, 0, 1, null) === 1) {
            bytes[bytes.length] = byte[0];
            if (byte[0] === NEWLINE) {
                break;
            }
        }
        if (bytes.length === 0) {
            noteEmpty();
            return null;
        }
        isNoted = true;
        return toText(from(bytes), "utf8");
    }

    // As in browsers and in Deno.
    function prompt(message = "Prompt", byDefault = undefined) {
        echo(`${message}${byDefault === undefined ? "" : ` [${byDefault}]`} `);
        const line = isReplaced() ? lineOfFile() : readLine();
        if (line === null) {
            return null;
        }
        const text = replace(line, /\r?\n$/g, () => "");
        return text === "" && byDefault !== undefined ? `${byDefault}` : text;
    }

    return { begin, end, hold, readAll, readInto };
});

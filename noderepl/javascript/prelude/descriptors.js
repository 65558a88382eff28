// Output that does not go through process.stdout and process.stderr: that of child processes which inherit the
// descriptors 1 and 2, and of code that writes to these descriptors. In a session they lead nowhere, so each snippet
// that uses them gets two files without a name in their place, which are read in time.
// A child that opens /dev/stdout truncates its file. A mark at the start of the file shows this.
// While the main thread waits for a process, the watchdog reads the files; timeout.js has the contract.
(function descriptors({ realm, primordials, data, timeout, output }) {
    const { Array, Buffer, Error, Math, Number, Object, Reflect, process } = realm;
    const { compare } = Buffer;
    const { closeSync, fstatSync, ftruncateSync, openSync, readSync, statfsSync, unlinkSync, writeSync } =
        realm.require("fs");
    const { O_APPEND, O_CREAT, O_EXCL, O_RDWR, O_TRUNC, O_WRONLY } = realm.require("fs").constants;
    const { tmpdir } = realm.require("os");
    const { setInterval, clearInterval } = realm.require("timers");
    const { format } = realm.require("util");
    const { isArray } = Array;
    const { assign, create } = Object;
    const { apply } = Reflect;
    const { min, random } = Math;
    const { exec } = primordials.RegExp;
    const { filter, map } = primordials.Array;
    const STREAMS = ["stdout", "stderr"];
    const NAMES = /^\/(?:dev\/(?:stdout|stderr|fd\/[12])|proc\/(?:self|\d+)\/fd\/[12])$/;
    const DELETED =
        "Output may be missing: a process opened /dev/stdout or /dev/stderr, which deletes earlier output; use `>&2`.";
    const PERIOD = 200; // ms between two looks at the files while a child runs
    const MOST_BYTES = 1 << 27; // of a stream that wait to be read: the limit of a snippet's output
    const SOON_BYTES = 1 << 20; // that are read at a time while the snippet runs
    const chunk = Buffer.alloc(1 << 16);
    const mark = Buffer.from(`${random()} ${random()}`);
    const found = Buffer.alloc(mark.length);
    let captures = []; // of snippets, the latest one last
    let children = 0; // that run and may write to the files
    let timer;
    let isWaiting = false; // the watchdog may read the files

    // The files of the snippet that runs; undefined if there can be none.
    function capture() {
        const number = output.numberNow();
        const latest = captures[captures.length - 1];
        if (latest !== undefined && latest.number === number) {
            return latest;
        }
        try {
            const made = { __proto__: null, number, children: 0, stdout: file(), stderr: file() };
            captures[captures.length] = made;
            return made;
        } catch (error) {
            lose(number, error.code);
            return undefined;
        }
    }

    function lose(number, code = "ENOSPC") {
        output.miss(number, `Output of processes or descriptors is missing: the session cannot write it (${code}).`);
    }

    function file() {
        const fd = attempt(() => fileIn(data)) ?? fileIn(tmpdir());
        return { __proto__: null, fd, at: mark.length, isMarked: true };
    }

    function fileIn(directory) {
        const place = `${directory}/.noderepl-fd-${random()}`;
        const fd = openSync(place, O_RDWR | O_APPEND | O_CREAT | O_EXCL, 0o600);
        unlinkSync(place);
        if (attempt(() => writeSync(fd, mark)) !== mark.length) {
            closeSync(fd);
            throw new Error("no space");
        }
        return fd;
    }

    // The descriptor that stands for another one.
    function mapped(fd) {
        return fd === 1 || fd === 2 ? (capture()?.[STREAMS[fd - 1]].fd ?? fd) : fd;
    }

    // Reads what is new. Of earlier snippets, the files are closed once no child of theirs runs.
    function drain(most = SOON_BYTES) {
        for (let index = 0; index < captures.length; index++) {
            drainOne(captures[index], most);
        }
        if (captures.length > 1) {
            const latest = captures[captures.length - 1];
            const isUsed = (one) => one === latest || one.children > 0;
            const unused = filter(captures, (one) => !isUsed(one));
            captures = filter(captures, isUsed);
            for (let index = 0; index < unused.length; index++) {
                closeSync(unused[index].stdout.fd);
                closeSync(unused[index].stderr.fd);
            }
        }
    }

    // Reads what is there at first: a child may write faster than this thread reads. most: bytes for each stream.
    function drainOne(one, most) {
        for (let index = 0; index < STREAMS.length; index++) {
            const stream = STREAMS[index];
            const written = one[stream];
            const size = sizeOf(written.fd);
            if (isTruncated(written, size)) {
                assign(written, { at: 0, isMarked: false });
                output.miss(one.number, DELETED);
            }
            if (size - written.at > MOST_BYTES) {
                drop(one, written);
            }
            const stop = min(size, written.at + most);
            for (let got = read(written, stop); got > 0; got = read(written, stop)) {
                written.at += got;
                output.receive(stream, Buffer.from(chunk.subarray(0, got)), one.number);
            }
        }
    }

    function isTruncated(written, size) {
        if (!written.isMarked) {
            return size < written.at;
        }
        return (
            read({ __proto__: null, fd: written.fd, at: 0 }, mark.length, found) < mark.length ||
            compare(found, mark) !== 0
        );
    }

    // Empties the file of a child that writes more than a snippet may write.
    function drop(one, written) {
        assign(written, { at: 0, isMarked: false });
        attempt(() => ftruncateSync(written.fd, 0));
        output.drop(one.number);
    }

    function read({ fd, at }, stop, target = chunk) {
        return attempt(() => readSync(fd, target, 0, min(target.length, stop - at), at)) ?? 0;
    }

    function sizeOf(fd) {
        return attempt(() => fstatSync(fd).size) ?? 0;
    }

    function attempt(action) {
        try {
            return action();
        } catch {
            return undefined;
        }
    }

    // Maps the descriptors of a child. given: the arguments of a binding of Node.js, which has `stdio` among them or in
    // the options that are the first one. Returns `given` itself if the child inherits none.
    function inherited(given) {
        let isMapped = false;
        const mappedList = (list) =>
            map(list, (one) => {
                const isInherited = one?.type === "inherit" || one?.type === "fd";
                const fd = isInherited ? mapped(one.fd) : undefined;
                if (fd === undefined || fd === one.fd) {
                    return one;
                }
                isMapped = true;
                return assign(create(null), one, { type: "fd", fd });
            });
        const changed = map(given, (one) => {
            if (isArray(one)) {
                return typeof one[0]?.type === "string" ? mappedList(one) : one;
            }
            return isArray(one?.stdio) ? assign({}, one, { stdio: mappedList(one.stdio) }) : one;
        });
        return isMapped ? changed : given;
    }

    function wrapSynchronous() {
        const binding = bindingOf("spawn_sync");
        if (typeof binding?.spawn !== "function") {
            return;
        }
        const { spawn } = binding;
        binding.spawn = (...given) => {
            const changed = inherited(given);
            const one = changed === given ? undefined : captures[captures.length - 1];
            if (one !== undefined) {
                drain();
                output.show();
            }
            const before = { __proto__: null, stdout: one?.stdout.at, stderr: one?.stderr.at };
            isWaiting = true;
            timeout.beginWaiting(output.isOwn(one?.number) ? one : undefined, output.pieces());
            try {
                return apply(spawn, binding, changed);
            } finally {
                endWaiting(one, before);
            }
        };
    }

    function endWaiting(one, before) {
        const pieces = timeout.endWaiting(output.isOwn(one?.number) ? one : undefined);
        isWaiting = false;
        if (one !== undefined) {
            output.addPieces(pieces, { stdout: one.stdout.at - before.stdout, stderr: one.stderr.at - before.stderr });
            drain(MOST_BYTES);
            checkSpace(one);
        }
    }

    // The child itself has got the error if its output did not fit.
    function checkSpace({ number, stdout }) {
        const seemsFull = attempt(() => statfsSync(`/proc/self/fd/${stdout.fd}`).bavail) === 0;
        if (seemsFull && attempt(() => (closeSync(fileIn(data)), true)) === undefined) {
            lose(number);
        }
    }

    function wrapAsynchronous() {
        const { prototype } = bindingOf("process_wrap")?.Process ?? {};
        if (typeof prototype?.spawn !== "function") {
            return;
        }
        const { spawn } = prototype;
        prototype.spawn = function (...given) {
            const changed = inherited(given);
            const failure = apply(spawn, this, changed);
            if (changed !== given && failure === 0) {
                watch(this, captures[captures.length - 1]);
            }
            return failure;
        };
    }

    // Reads the files while a child runs, and once more before its end is reported.
    function watch(handle, one) {
        const { onexit } = handle;
        begin(one);
        handle.onexit = function (...given) {
            finish(one);
            return apply(onexit, this, given);
        };
    }

    function begin(one) {
        one.children += 1;
        children += 1;
        timer ??= setInterval(() => drain(), PERIOD).unref();
    }

    function finish(one) {
        drain(MOST_BYTES);
        checkSpace(one);
        one.children -= 1;
        children -= 1;
        if (children === 0) {
            clearInterval(timer);
            timer = undefined;
        }
    }

    // All writes of the module fs to a descriptor come to these functions of its binding.
    function wrapFiles() {
        const binding = bindingOf("fs");
        for (const name of ["writeBuffer", "writeBuffers", "writeString", "writeFileUtf8"]) {
            const original = binding?.[name];
            if (typeof original === "function") {
                binding[name] = function (target, ...given) {
                    const fd = mapped(fdOf(target) ?? target);
                    const result = apply(original, this, [fd, ...given]);
                    if (fd !== target) {
                        drain();
                    }
                    return result;
                };
            }
        }
        for (const name of ["open", "openFileHandle"]) {
            const original = binding?.[name];
            if (typeof original === "function") {
                binding[name] = function (target, flags, ...given) {
                    const fd = fdOf(target);
                    return fd === undefined
                        ? apply(original, this, [target, flags, ...given])
                        : apply(original, this, [`/proc/self/fd/${mapped(fd)}`, appending(flags), ...given]);
                };
            }
        }
    }

    // The descriptor that a path names.
    function fdOf(target) {
        if (typeof target !== "string" || exec(NAMES, target) === null) {
            return undefined;
        }
        return target === "/dev/stdout" ? 1 : target === "/dev/stderr" ? 2 : Number(target[target.length - 1]);
    }

    function appending(flags) {
        return (flags & (O_WRONLY | O_RDWR)) === 0 ? flags : (flags | O_APPEND) & ~(O_TRUNC | O_CREAT | O_EXCL);
    }

    function bindingOf(name) {
        try {
            return process.binding(name);
        } catch {
            return undefined;
        }
    }

    wrapSynchronous();
    wrapAsynchronous();
    wrapFiles();
    if (typeof process._rawDebug === "function") {
        process._rawDebug = (...given) => void writeSync(2, `${apply(format, undefined, given)}\n`);
    }

    // Returns a function that first reads what has been written until then.
    function inOrder(action) {
        return (...given) => {
            drain();
            return action(...given);
        };
    }

    // Puts the output so far into a piece. The watchdog calls this, also just after the wait for a process.
    function show() {
        if (!isWaiting) {
            drain();
            output.show();
        }
    }

    // Ends the output of a snippet. isCut: whether to drop what a child has written and this thread has not read yet.
    function end(isCut) {
        drain(isCut ? SOON_BYTES : MOST_BYTES);
        if (isCut) {
            for (let index = 0; index < captures.length; index++) {
                skip(captures[index], captures[index].stdout);
                skip(captures[index], captures[index].stderr);
            }
        }
        return output.end();
    }

    function skip(one, written) {
        if (sizeOf(written.fd) > written.at) {
            drop(one, written);
        }
    }

    return { end, inOrder, show };
});

// process.stdout and process.stderr: one object for each, for all snippets, as in Node.js. The kernel makes new ones
// for each snippet, without what a program has set on them.
//
// write(name, chunk, encoding) takes what is written and returns whether the kernel gets it too; undefined for a chunk
// of a type that streams refuse.
(function stdio({ realm, primordials, table, consoleObject, terminal, write }) {
    const { Object, Reflect, process } = realm;
    const { Readable, Writable } = realm.require("stream");
    const { assign, getOwnPropertyDescriptor } = Object;
    const { apply, defineProperty } = Reflect;
    const { nextTick } = process;
    const writeToStream = primordials.uncurried(Writable.prototype.write);
    const unpipe = primordials.uncurried(Readable.prototype.unpipe);
    const resume = primordials.uncurried(Readable.prototype.resume);
    const kernels = { __proto__: null, stdout: undefined, stderr: undefined }; // the kernel's streams
    const pass = { __proto__: null, stdout: null, stderr: null }; // write() of the kernel's streams
    const streams = { __proto__: null, stdout: create("stdout", 1), stderr: create("stderr", 2) };
    // The stream of each name that a snippet has put in the place of the prelude's.
    const replaced = { __proto__: null, stdout: undefined, stderr: undefined };

    const console = consoleObject({ realm, streams, table });

    function create(name, fd) {
        const stream = new Writable({
            __proto__: null,
            decodeStrings: false,
            autoDestroy: false,
            write(chunk, encoding, callback) {
                deliver(name, chunk, encoding);
                callback();
            },
        });
        // A write needs none of the methods of the prototypes, which a snippet may replace.
        function direct(chunk, encoding, callback) {
            const isPlain = stream.writableCorked === 0 && !stream.writableEnded;
            if (!isPlain || !deliver(name, chunk, encoding)) {
                return writeToStream(stream, chunk, encoding, callback);
            }
            const done = typeof encoding === "function" ? encoding : callback;
            if (typeof done === "function") {
                nextTick(done);
            }
            return true;
        }
        defineProperty(stream, "write", { __proto__: null, value: direct, configurable: true, writable: true });
        // As in Node.js, end() and destroy() do not close the descriptor.
        const destroy = (error, callback) => callback(error);
        return assign(stream, {
            __proto__: null,
            fd,
            _type: "fs",
            _isStdio: true,
            destroySoon: stream.destroy,
            _destroy: destroy,
        });
    }

    function deliver(name, chunk, encoding) {
        const isPassed = write(name, chunk, encoding);
        if (isPassed === true) {
            pass[name]?.(chunk, typeof encoding === "string" ? encoding : undefined);
        }
        return isPassed !== undefined;
    }

    // Replaces the kernel's streams, before a snippet. shownOn: the terminal of the client (terminal.js).
    function begin(shownOn) {
        take("stdout");
        take("stderr");
        terminal.begin(shownOn, streams);
        console.begin();
    }

    function take(name) {
        const found = getOwnPropertyDescriptor(process, name)?.value;
        if (found !== streams[name] && typeof found?.write === "function") {
            const original = found.write;
            kernels[name] = found;
            pass[name] = (chunk, encoding) => apply(original, found, [chunk, encoding]);
            detach(found);
        }
        if (streams[name].writableEnded || streams[name].destroyed) {
            streams[name] = create(name, streams[name].fd);
        }
        put(name, replaced[name] ?? streams[name]);
    }

    // NEL pipes its stream into the one that it has replaced: that of the prelude, or at first that of Node.js, whose
    // descriptor descriptors.js maps. Both would write to NEL's stream again.
    function detach(kernel) {
        if (kernel instanceof Readable) {
            unpipe(kernel);
            if (kernel.readableFlowing !== true) {
                resume(kernel);
            }
        }
    }

    // Gives the streams back, before the kernel answers; remembers those of a snippet.
    function end() {
        giveBack("stdout");
        giveBack("stderr");
        console.end();
    }

    function giveBack(name) {
        const found = getOwnPropertyDescriptor(process, name);
        replaced[name] = found === undefined || found.value === streams[name] ? undefined : found.value;
        put(name, kernels[name] ?? streams[name]);
    }

    // Between snippets, late output goes to the prelude's streams.
    function rest() {
        put("stdout", streams.stdout);
        put("stderr", streams.stderr);
    }

    // Returns a function that answers a request which is no snippet. The kernel has made streams for it too; what the
    // session writes later must not go there.
    function between(answer) {
        return (...given) => {
            take("stdout");
            take("stderr");
            console.begin();
            end();
            const answered = answer(...given);
            rest();
            return answered;
        };
    }

    function put(name, value) {
        defineProperty(process, name, { __proto__: null, value, configurable: true, enumerable: true, writable: true });
    }

    const echo = (text) => deliver("stdout", text);

    return { begin, between, echo, end, rest, streams };
});

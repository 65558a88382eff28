// The kernel in a session's Node.js process, passed to `node --eval`.
//
// Contract with worker.py:
//   requests  arrive on Node.js' IPC channel (NODE_CHANNEL_FD), one {"id", "code"} at a time;
//   answers   are JSON lines on the file descriptor in NODEREPL_ANSWERS, written synchronously, so that all output is
//             out before the result, before process.exit() and before an endless loop:
//               {"online": version} · {"stdout": text} · {"stderr": text} · {"display": {"mime", "display_id"?}}
//               {"id", "mime" | "error": {"ename", "evalue", "traceback"}, "end": boolean} · {"exit": code}
//   when the IPC channel closes, the process exits.
// Snippets see the same as in IJavascript's evaluation loop (NEL 1.3.0): a script in the global scope, `$$`, and a
// console and process.stdout per snippet. $$.input() differs: it fails at once, because no user could answer.
(function kernel() {
    const stream = require("stream");
    const util = require("util");
    const engine = { runInThisContext: require("vm").runInThisContext }; // path_mapping.js replaces the module's own
    const { Console } = require("console");
    const { writeSync } = require("fs");
    const { from: bytesOf } = Buffer;
    const { isRawJSON = () => false, stringify } = JSON;
    const { setPrototypeOf } = Object;
    const { isInteger } = Number;

    const answers = Number(process.env.NODEREPL_ANSWERS);
    delete process.env.NODEREPL_ANSWERS;

    const MIME_TYPES = {
        text: "text/plain",
        html: "text/html",
        svg: "image/svg+xml",
        png: "image/png",
        jpeg: "image/jpeg",
        json: "application/json",
    };
    const CONVERTERS = { _toHtml: "text/html", _toSvg: "image/svg+xml", _toPng: "image/png", _toJpeg: "image/jpeg" };
    const config = { awaitExecution: false };
    const DEEPEST = 400; // as in messages.py
    const PIECE = 1 << 20;
    const reallyExit = process.reallyExit.bind(process);
    let present; // the context of the latest snippet
    let ending = false;

    hide(globalThis, "$$defaultMimer$$", { value: defaultMimer, configurable: false });
    // Node.js ignores this signal, so a file too large would only be an error; the removal of the last listener
    // restores the system's default.
    process.on("SIGXFSZ", discard).off("SIGXFSZ", discard);
    process.on("message", onMessage.bind(this));
    process.on("uncaughtException", (error) => writeOutput("stderr", described(error)));
    process.on("disconnect", () => process.exit());
    process.send = discard; // no process receives messages, and the pool's end of the channel rejects them
    process.on("exit", onExit);
    write({ online: process.versions.node });

    function discard(message, ...rest) {
        const callback = rest.find((argument) => typeof argument === "function");
        if (callback !== undefined) {
            process.nextTick(callback, null);
        }
        return true;
    }

    function write(message, check) {
        setPrototypeOf(message, null); // a snippet may have defined Object.prototype.toJSON
        const line = bytesOf(stringify(message, check) + "\n");
        for (let sent = 0, count; sent < line.length; sent += count) {
            count = writeSync(answers, line, sent) || reallyExit(1); // a snippet has broken what this needs
        }
    }

    // For stringify(): throws for values that messages.py could not read, so that the snippet gets the error.
    function createCheck() {
        const path = [];
        let depth = 0;
        return function (key, value) {
            if (value === null || typeof value !== "object") {
                return value;
            }
            if (isRawJSON(value)) {
                if (+value.rawJSON === Infinity || +value.rawJSON === -Infinity) {
                    throw refusal("A number of the result is too large");
                }
                return value;
            }
            while (depth > 0 && path[depth - 1] !== this) {
                depth -= 1;
            }
            path[depth] = value;
            depth += 1;
            if (depth > DEEPEST) {
                throw refusal(`The result is nested more than ${DEEPEST - 2} deep`);
            }
            return value;
        };
    }

    // vm prepends the line that threw to a writable stack, and a line of the kernel says nothing to the user.
    function refusal(message) {
        return Object.defineProperty(new RangeError(message), "stack", {
            value: `RangeError: ${message}`,
            writable: false,
        });
    }

    // In pieces, so that no message is too large; surrogate pairs are not split.
    function writeOutput(name, text) {
        for (let start = 0, end; start < text.length; start = end) {
            end = start + PIECE;
            const last = text.charCodeAt(end - 1);
            end += last >= 0xd800 && last < 0xdc00 ? 1 : 0;
            write({ [name]: text.slice(start, end) });
        }
    }

    // A snippet can emit this event too.
    function onExit(code) {
        if (process._exiting === true && isInteger(Number(code))) {
            write({ exit: Number(code) });
            ending = true;
            endSoon(Number(code));
        }
    }

    // Continues only if a listener after onExit throws: that aborts process.exit(), and leaves a process in which
    // nothing is scheduled any more.
    async function endSoon(code) {
        await undefined;
        reallyExit(code);
    }

    // A snippet can emit this one too, with any value.
    function onMessage(message) {
        const { id, code } = Object(message);
        if (!isInteger(id) || typeof code !== "string") {
            return;
        }
        let context;
        try {
            context = present = new Context(id);
            capture(context);
            onRunRequest(code, context);
        } catch (error) {
            if (ending) {
                writeOutput("stderr", described(error));
                return;
            }
            try {
                context.$$.sendError(error);
            } catch {
                // `instanceof` throws for a revoked proxy, and a snippet may have broken what a context needs.
                send(context ?? { id }, { error: formatError(error) });
            }
        }
    }

    function onRunRequest(code, context) {
        const result = run(code);
        if (context.ended || context.waiting) {
            return;
        }
        (config.awaitExecution ? context.$$.sendResult : context.sendResult)(result);
    }

    function run(code) {
        return engine.runInThisContext(code);
    }

    // The streams and the answers of one snippet.
    function Context(id) {
        this.id = id;
        this.waiting = false;
        this.ended = false;
        this.stdout = createOutput("stdout");
        this.stderr = createOutput("stderr");
        this.console = new Console(this.stdout, this.stderr);
        this.console.Console = Console;
        this.sendResult = (result, keepAlive) => send(this, { mime: toMime(result) }, keepAlive);
        this.sendError = (error, keepAlive) => send(this, { error: formatError(error) }, keepAlive);
        this.$$ = createInterface(this);
    }

    // The answer is serialised before the context ends: a value that is not JSON is the snippet's error.
    function send(context, message, keepAlive) {
        if (context.ended || ending) {
            return;
        }
        write({ id: context.id, ...message, end: !keepAlive }, createCheck());
        context.waiting = Boolean(keepAlive);
        context.ended = !keepAlive;
    }

    // Creates `$$`. Its functions are bound and declare unused parameters, because snippets can see both.
    function createInterface(context) {
        const $$ = Object.create(null);
        hide($$, "config", { value: config, configurable: false });
        $$.async = function async(value) {
            context.waiting = arguments.length === 0 || Boolean(value);
            return context.waiting;
        }.bind(context);
        $$.done = function done(result) {
            context.sendResult(result);
        }.bind(context);
        $$.sendResult = resolved(context, context.sendResult);
        $$.sendError = resolved(context, context.sendError);
        $$.mime = resolved(context, (mime, keepAlive) => send(context, { mime }, keepAlive));
        for (const [name, type] of Object.entries(MIME_TYPES)) {
            $$[name] = resolved(context, (value, keepAlive) => send(context, { mime: { [type]: value } }, keepAlive));
        }
        /* eslint-disable no-unused-vars */
        $$.input = function input(options, callback) {
            context.sendError(new Error("$$.input() is not available: nobody can type into a remote session"));
            return new Promise(() => {});
        }.bind(context);
        $$.display = function createDisplay(id) {
            return new Display(...arguments);
        }.bind(context);
        $$.clear = function clear(options) {}.bind(context);
        /* eslint-enable no-unused-vars */
        return $$;
    }

    // A promise keeps the snippet running, and its result is the answer.
    function resolved(context, answer) {
        return function (output, keepAlive) {
            if (typeof globalThis.Promise !== "function" || !(output instanceof globalThis.Promise)) {
                answer(output, keepAlive);
                return;
            }
            context.waiting = true;
            const settled = output.then(
                function (value) {
                    answer(value, keepAlive);
                }.bind(context),
            );
            settled.catch((error) => context.sendError(error));
        }.bind(context);
    }

    function Display(id) {
        // The reader could not distinguish it from output of the next snippet.
        const show = (mime) => present.ended || write({ display: { mime, display_id: id } }, createCheck());
        this.mime = function mime(bundle) {
            show(bundle);
        };
        for (const [name, type] of Object.entries(MIME_TYPES)) {
            const named = {
                [name]: function (value) {
                    show({ [type]: value });
                },
            };
            this[name] = named[name]; // the function has its key's name, which snippets can see
        }
        this.close = function close() {};
    }

    function createOutput(name) {
        const output = new stream.Transform({
            transform(chunk, encoding, callback) {
                writeOutput(name, chunk.toString());
                callback(null, chunk);
            },
        });
        return output.on("data", () => {}); // read at once: otherwise output after the first 16 KiB would wait
    }

    // Late callbacks use what is captured when they run, so late output belongs to the snippet of that moment.
    function capture(context) {
        assign(process, "stdout", context.stdout);
        assign(process, "stderr", context.stderr);
        assign(globalThis, "console", context.console);
        assign(globalThis, "$$", context.$$);
        if (typeof globalThis.$$mimer$$ !== "function") {
            globalThis.$$mimer$$ = defaultMimer;
        }
        for (const name of ["mime", "html", "svg", "png", "jpeg"]) {
            replace(`$$${name}$$`, { set: context.$$[name] });
        }
        replace("$$async$$", {
            get: function () {
                return context.waiting;
            }.bind(context),
            set: function (value) {
                context.waiting = Boolean(value);
            }.bind(context),
        });
        globalThis.$$done$$ = context.$$.done.bind(context);
    }

    // Recreates a property. One that a snippet has made constant stays: the assignment is not strict, as in NEL.
    function assign(object, name, value) {
        delete object[name];
        object[name] = value;
    }

    // Recreates a global name, so that it comes after those of the snippets, as in NEL.
    function replace(name, descriptor) {
        delete globalThis[name];
        hide(globalThis, name, descriptor);
    }

    function hide(object, name, descriptor) {
        Object.defineProperty(object, name, { configurable: true, enumerable: false, ...descriptor });
    }

    // A thrown value may throw again when it is inspected.
    function formatError(error) {
        const part = (name) => attempt(() => (error && error[name] ? String(error[name]) : undefined));
        return {
            ename: part("name") ?? typeof error,
            evalue: part("message") ?? attempt(() => String(util.inspect(error))) ?? "what was thrown cannot be shown",
            traceback: part("stack")?.split("\n") ?? [],
        };
    }

    function described(error) {
        const { traceback, evalue } = formatError(error);
        return traceback.join("\n") || evalue;
    }

    function toMime(result) {
        const mimer = typeof globalThis.$$mimer$$ === "function" ? globalThis.$$mimer$$ : defaultMimer;
        return mimer(result);
    }

    // A converter that throws is skipped: the value's text is still shown.
    function defaultMimer(result) {
        if (result === undefined || result === null) {
            return { "text/plain": String(result) };
        }
        let mime = result._toMime ? attempt(() => result._toMime()) : {};
        if (typeof mime !== "object") {
            mime = {};
        }
        if (!("text/plain" in mime)) {
            attempt(() => (mime["text/plain"] = util.inspect(result)));
        }
        for (const [name, type] of Object.entries(CONVERTERS)) {
            if (result[name] && !(type in mime)) {
                attempt(() => (mime[type] = result[name]()));
            }
        }
        return mime;
    }

    function attempt(action) {
        try {
            return action();
        } catch {
            return undefined;
        }
    }
})();

// Without a sandbox, maps /mnt/data to the session's own directory; runs after worker.js.
//
// Contract: NODEREPL_DATA is the directory's real path. Snippets may pass /mnt/data to fs, fs.promises, process.chdir,
// child_process, require, import and vm's `filename`; process.cwd(), fs' results and errors contain it too. channel.py
// maps back all text of messages. Not mapped: files' content, such as output that is read from a file while a snippet
// runs, paths that child processes read from files, and on Node.js 20 absolute specifiers in import.
(function mapData(require) {
    const childProcess = require("child_process");
    const fs = require("fs");
    const { Module, syncBuiltinESMExports } = require("module");
    const path = require("path");
    const { fileURLToPath, pathToFileURL } = require("url");
    const { promisify } = require("util");
    const vm = require("vm");

    const DATA = "/mnt/data";
    const MENTION = /\/mnt\/data(?![\w.-])/g;
    const TWO_PATHS = /^(copyFile|cp|link|rename|symlink)(Sync)?$/;
    const RESOLVES = /^(realpath|cp)(Sync)?$/; // these resolve relative paths themselves, by process.cwd()
    const GIVES_PATHS = /^(realpath|mkdtemp|readlink|mkdir)(Sync)?$/;
    const TAKES_NO_PATH = /^([A-Z_]|create)/; // classes, and streams, which call fs.open
    const HOOK_FRAMES = 10;
    const SPAWNERS = ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"];

    const real = process.env.NODEREPL_DATA;
    delete process.env.NODEREPL_DATA;
    const cwd = process.cwd;

    function inward(place) {
        if (typeof place === "string") {
            return place === DATA || place.startsWith(DATA + "/") ? real + place.slice(DATA.length) : place;
        }
        if (Buffer.isBuffer(place)) {
            const text = place.toString("latin1");
            return inward(text) === text ? place : Buffer.from(inward(text), "latin1");
        }
        return place instanceof URL && place.protocol === "file:" ? inwardUrl(place) : place;
    }

    // A module of the same path with another query is another module.
    function inwardUrl({ href, search, hash }) {
        return Object.assign(pathToFileURL(inward(fileURLToPath(href))), { search, hash });
    }

    function inwardSpecifier(specifier) {
        return specifier.startsWith("file:") ? inward(new URL(specifier)).href : inward(specifier);
    }

    function outward(value) {
        return typeof value === "string" ? value.replaceAll(real, DATA) : value;
    }

    // Node.js' own module loader passes real paths and must get them, or it would not find packages beside them.
    function outwardAsAsked(value, [asked]) {
        return typeof asked === "string" && asked.startsWith(real) ? value : outward(value);
    }

    function outwardError(error) {
        if (error instanceof Error) {
            for (const key of ["message", "stack", "path", "dest"]) {
                if (typeof error[key] === "string" && error[key].includes(real)) {
                    error[key] = outward(error[key]);
                }
            }
        }
        return error;
    }

    // Returns a function like `original` whose arguments, result and errors are mapped, also in a callback or a
    // promise.
    function mapped(original, mapArguments, mapAnswer) {
        function replacement(...given) {
            const callback = given.at(-1);
            const words = mapArguments(given);
            if (typeof callback === "function") {
                words[words.length - 1] = (error, ...answers) =>
                    callback.call(this, outwardError(error), ...answers.map((answer) => mapAnswer(answer, given)));
            }
            try {
                const answer = original.apply(this, words);
                if (!(answer instanceof Promise)) {
                    return mapAnswer(answer, given);
                }
                return answer.then(
                    (value) => mapAnswer(value, given),
                    (error) => Promise.reject(outwardError(error)),
                );
            } catch (error) {
                throw outwardError(error);
            }
        }
        return Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
    }

    function mapFileFunctions(object) {
        for (const [name, original] of Object.entries(object)) {
            if (typeof original !== "function" || TAKES_NO_PATH.test(name)) {
                continue;
            }
            const isResolving = RESOLVES.test(name);
            const hasTwo = TWO_PATHS.test(name);
            const mapArguments = ([first, second, ...others]) => {
                const begin = isResolving && typeof first === "string" ? path.resolve(first) : first;
                const words = [inward(begin), hasTwo ? inward(second) : second, ...others];
                return second === undefined && others.length === 0 ? words.slice(0, 1) : words;
            };
            const mapAnswer = GIVES_PATHS.test(name) ? outwardAsAsked : (answer) => answer;
            object[name] = mapped(original, mapArguments, mapAnswer);
            if (typeof original.native === "function") {
                object[name].native = mapped(original.native, mapArguments, mapAnswer);
            }
        }
    }

    // Words of a command may contain the directory anywhere, an options object in its cwd.
    function mapCommand(word) {
        if (typeof word === "string") {
            return word.replace(MENTION, () => real);
        }
        if (Array.isArray(word)) {
            return word.map(mapCommand);
        }
        return word && typeof word === "object" && "cwd" in word ? { ...word, cwd: inward(word.cwd) } : word;
    }

    // The frames of hooks would take the places of the caller's in a stack.
    function withDeepStacks(action) {
        const { stackTraceLimit } = Error;
        try {
            Error.stackTraceLimit += HOOK_FRAMES;
            return action();
        } finally {
            Error.stackTraceLimit = stackTraceLimit;
        }
    }

    mapFileFunctions(fs);
    mapFileFunctions(fs.promises);
    for (const name of SPAWNERS) {
        const original = childProcess[name];
        const replacement = function (...given) {
            return original.apply(this, given.map(mapCommand));
        };
        const properties = Object.getOwnPropertyDescriptors(original);
        const promised = properties[promisify.custom];
        if (promised) {
            const { value } = promised;
            promised.value = (...given) => value(...given.map(mapCommand));
        }
        childProcess[name] = Object.defineProperties(replacement, properties);
    }
    process.cwd = mapped(cwd, (given) => given, outward);
    process.chdir = mapped(process.chdir, ([place]) => [inward(place)], outward);

    const { createRequire } = Module;
    const { _findPath } = Module; // require() and require.resolve() call it, and their stacks do not show it
    Module._findPath = function (request, places, ...others) {
        return _findPath.call(this, inward(request), Array.isArray(places) ? places.map(inward) : places, ...others);
    };
    Module.createRequire = (place) => {
        const made = createRequire(inward(place));
        const same = (value) => value; // results are the keys of require.cache
        made.resolve = mapped(made.resolve, same, same);
        return made;
    };

    // Node.js 20 only has hooks that need a thread in every session.
    Module.registerHooks?.({
        resolve: (specifier, context, next) => withDeepStacks(() => next(inwardSpecifier(specifier), context)),
    });

    const { runInThisContext } = vm;
    vm.runInThisContext = function (code, options) {
        const isNamed = options !== null && typeof options === "object" && "filename" in options;
        return runInThisContext(code, isNamed ? { ...options, filename: inward(options.filename) } : options);
    };
    syncBuiltinESMExports();
});

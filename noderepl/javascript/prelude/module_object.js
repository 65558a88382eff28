// `module`, `exports`, `require`, `__filename` and `__dirname`, as in a CommonJS file of the session's directory.
(function moduleObject({ realm }) {
    const { Object, Reflect, process } = realm;
    const { defineProperty } = Object;
    const { apply } = Reflect;
    const { Module } = realm.require("module");
    const cwd = process.cwd.bind(process);
    const { dirname, join } = realm.require("path");
    const { _nodeModulePaths: pathsFrom, createRequire } = Module;
    let exposed; // the file name of `module`
    let program; // the file of the program that has one
    let main;
    let names; // and their values

    // path: of the program's file, null if it has none.
    function begin(path) {
        program = path ?? undefined;
        expose(file());
    }

    // Returns the file name of what runs: of a program, or of a file in the present directory that stands for snippets.
    function file() {
        return program ?? join(cwd(), "repl.js");
    }

    function expose(filename) {
        if (filename === exposed) {
            return;
        }
        exposed = filename;
        const module = (main = new Module(filename, null));
        module.id = ".";
        module.filename = filename;
        module.paths = pathsFrom(dirname(filename));
        const { resolve } = createRequire(filename);
        const require = (specifier) => module.require(specifier);
        const parts = { __proto__: null, resolve, main: module, extensions: Module._extensions, cache: Module._cache };
        for (const key in parts) {
            define(require, key, parts[key]);
        }
        names = { __proto__: null, module, exports: module.exports, require };
        names.__filename = filename;
        names.__dirname = dirname(filename);
        for (const word in names) {
            define(realm, word, names[word]);
        }
        process.mainModule = module;
    }

    // Runs the function of a file. Its names are those of its scope then, not of the global object.
    function enter(body) {
        const { exports, require, module, __filename, __dirname } = names;
        for (const word in names) {
            delete realm[word];
        }
        return apply(body, body.length > 0 ? exports : undefined, [exports, require, module, __filename, __dirname]);
    }

    // Makes `module` the one that require() returns for its file.
    function register() {
        Module._cache[names.require.resolve(exposed)] = main;
    }

    function define(object, key, value) {
        defineProperty(object, key, { __proto__: null, value, configurable: true, enumerable: true, writable: true });
    }

    expose(file());

    return { begin, enter, file, register };
});

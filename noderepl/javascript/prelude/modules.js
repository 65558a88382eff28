// `import` statements, import() and import.meta in snippets: the functions that they are rewritten to.
//
// file(): the file that imports modules (module_object.js). own: the name of the prelude's script.
(function modules({ realm, primordials, note, resolver, reload, relocate, own, file }) {
    const { Error, Map, Object, SyntaxError, URL, process, require } = realm;
    const vm = require("vm");
    const { isBuiltin } = require("module");
    const { pathToFileURL } = require("url");
    const { dirname } = require("path");
    const { runInThisContext } = vm;
    const { slice, startsWith } = primordials.String;
    const { exec } = primordials.RegExp;
    const { get, set } = primordials.Map;
    const namespaces = new Map(); // of the imported modules, by specifier
    let importer = { filename: null, import: null };

    function dynamic(specifier, options) {
        return located(imported(specifier, options), new Error());
    }

    // If Node.js cannot load a module, its error has only frames of Node.js itself.
    async function located(loading, witness) {
        try {
            return await loading;
        } catch (error) {
            throw relocate(error, witness);
        }
    }

    async function imported(specifier, options) {
        const filename = file();
        if (importer.filename !== filename) {
            importer = { filename, import: makeImporter(filename) };
        }
        try {
            const namespace = await importer.import(reload.importing(specifier), options);
            set(namespaces, specifier, namespace);
            return namespace;
        } catch (error) {
            reload.failed(specifier);
            throw error;
        }
    }

    // Node.js would warn that its first use is experimental.
    function makeImporter(filename) {
        const importModuleDynamically = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
        const code = "(specifier, options) => options === undefined ? import(specifier) : import(specifier, options)";
        const named = `${code}\n//# sourceURL=${own}`; // for stacks; for the loader it is the file
        const made = runInThisContext(named, { filename, importModuleDynamically });
        const { emitWarning } = process;
        process.emitWarning = () => {};
        ignored(made("node:module"));
        process.emitWarning = emitWarning;
        return made;
    }

    async function ignored(loading) {
        try {
            await loading;
        } catch {
            // The snippet's own import reports it.
        }
    }

    // Returns the bindings of an import statement: the given names, or the namespace if there are none. types: names
    // that may be missing because they may be types; a module of types alone may be missing too.
    function load(specifier, names, attributes, types = []) {
        return located(bind(specifier, names, attributes, types), new Error());
    }

    async function bind(specifier, names, attributes, types) {
        let namespace = {};
        try {
            namespace = await imported(specifier, attributes && { with: attributes });
        } catch (error) {
            if (names.length > 0 || types.length === 0) {
                throw error;
            }
        }
        if (names.length === 0 && (types.length === 0 || types[0] === "*")) {
            return namespace;
        }
        const bindings = { __proto__: null };
        for (let index = 0; index < types.length; index++) {
            bindings[types[index]] = namespace[types[index]];
        }
        for (let index = 0; index < names.length; index++) {
            bindings[names[index]] = binding(namespace, names[index], specifier);
        }
        return bindings;
    }

    // Finds more than Node.js: names that a CommonJS module defines only when it runs, and the namespace as a default.
    function binding(namespace, name, specifier) {
        if (name in namespace) {
            return namespace[name];
        }
        if (name === "default") {
            note(`${specifier} has no default export: its namespace was taken.`);
            return namespace;
        }
        const whole = namespace.default;
        if (whole !== null && whole !== undefined && name in Object(whole)) {
            return whole[name];
        }
        throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${name}'`);
    }

    function meta() {
        const filename = file();
        const url = pathToFileURL(filename).href;
        const resolved = (specifier) => resolve(`${specifier}`, url);
        return { __proto__: null, dirname: dirname(filename), filename, main: true, resolve: resolved, url };
    }

    function resolve(specifier, url) {
        if (isBuiltin(specifier)) {
            return startsWith(specifier, "node:") ? specifier : `node:${specifier}`;
        }
        if (exec(/^(\.{0,2}\/|[\w+.-]+:)/, specifier) !== null) {
            return new URL(specifier, url).href;
        }
        const found = resolver.resolve(specifier);
        const isBelow = startsWith(found.url, found.base);
        return isBelow ? new URL(slice(found.url, found.base.length), url).href : found.url;
    }

    return { dynamic, load, meta, namespaceOf: (specifier) => get(namespaces, specifier) };
});

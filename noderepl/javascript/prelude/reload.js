// Files and packages that were loaded before: what has changed since, and how it is loaded anew.
//
// Node.js keeps what it has loaded. A note says so if a snippet loads a file again that has changed, or a package of
// another version. ES modules are loaded anew under another URL, with a query; what they import themselves is not.
// file(): the file that seems to import what a snippet imports (module_object.js).
(function reload({ realm, primordials, resolver, note, file }) {
    const { Map, Object, Set, URL, process, require } = realm;
    const { opendirSync, statSync } = require("fs");
    const Module = require("module");
    const { join, relative, resolve: resolvePath } = require("path");
    const { fileURLToPath, pathToFileURL } = require("url");
    const { createRequire, isBuiltin } = Module;
    const { keys } = Object;
    const { apply } = realm.Reflect;
    const { filter, join: joined, push } = primordials.Array;
    const { get, set, delete: remove } = primordials.Map;
    const { add, has } = primordials.Set;
    const { exec } = primordials.RegExp;
    const { endsWith, includes, slice, startsWith } = primordials.String;
    const PACKAGE = /^(?:@[^/\\@:]+\/)?[^/\\.@:][^/\\:]*(?=\/|$)/; // no URL
    const PATH = /^(?:\.{0,2}\/|\.{1,2}$|file:)/;
    const PACKAGES = "/node_modules/";
    const DESCRIPTION = "/package.json";
    const cwd = process.cwd.bind(process);
    const start = cwd();
    const real = attempt(realDirectory) ?? start;
    const original = Module._load;
    const required = new Map(); // path -> the state of that file when require() loaded it
    const imported = new Map(); // path -> its state when import loaded it
    const urls = new Set(); // of imported files, and the names of imported packages
    const versions = new Map(); // path or name of a package -> the number of its reload
    let count = 0;

    if (typeof original === "function") {
        Module._load = load;
    }

    // The directory that the working directory is mapped to, if the session has no /mnt/data of its own.
    function realDirectory() {
        const directory = opendirSync(start);
        directory.closeSync();
        return directory.path;
    }

    // Node.js' cache has real paths, snippets and process.cwd() have those in /mnt/data.
    function outward(path) {
        return path === real || startsWith(path, join(real, "/")) ? start + slice(path, real.length) : path;
    }

    // Called for each require().
    function load(request, parent, isMain) {
        const path = attempt(() => (isSnippets(parent) ? pathOf(request, parent) : undefined));
        if (path === undefined) {
            return apply(original, this, [request, parent, isMain]);
        }
        const state = stateOf(path);
        const isThere = attempt(() => isLoaded(path));
        if (isThere) {
            compare(required, path, state);
        }
        const exported = apply(original, this, [request, parent, isMain]);
        if (!isThere) {
            set(required, path, state);
        }
        attempt(() => compareBelow(Module._cache[path]));
        return exported;
    }

    // Modules of Node.js' cache are files; a snippet is not in it.
    function isSnippets(parent) {
        return parent === realm.module || (parent?.filename && Module._cache[parent.filename] !== parent);
    }

    function isLoaded(path) {
        return isPackage(path) ? get(required, path) !== undefined : Module._cache[path] !== undefined;
    }

    // Returns the path of a file, or the one of the description of a package; undefined for a module of Node.js.
    function pathOf(request, parent) {
        if (typeof request !== "string" || isBuiltin(request)) {
            return undefined;
        }
        return exec(PATH, request) === null
            ? describedIn(nameOf(request))
            : Module._resolveFilename(request, parent, false);
    }

    function nameOf(specifier) {
        return exec(PACKAGE, specifier)?.[0];
    }

    function describedIn(name) {
        return name === undefined ? undefined : join(cwd(), PACKAGES, name, DESCRIPTION);
    }

    function isPackage(path) {
        return includes(path, PACKAGES) && endsWith(path, DESCRIPTION);
    }

    function stateOf(path) {
        const found = attempt(() => statSync(path, { throwIfNoEntry: false }));
        return found && `${found.mtimeMs} ${found.size} ${found.ino}`;
    }

    // Compares the files that a module requires, except packages, with what was loaded.
    function compareBelow(module) {
        const seen = new Set();
        const queue = [module];
        for (let at = 0; at < queue.length; at++) {
            const children = queue[at]?.children ?? [];
            for (let index = 0; index < children.length; index++) {
                const { filename } = children[index];
                if (!has(seen, filename) && !includes(filename, PACKAGES)) {
                    add(seen, filename);
                    push(queue, children[index]);
                    compare(required, filename, stateOf(filename));
                }
            }
        }
    }

    // Adds a note if a file is not as it was when it was loaded.
    function compare(states, path, state) {
        const before = get(states, path);
        if (before === undefined) {
            set(states, path, state);
        } else if (state !== undefined && state !== before) {
            const name = shown(path);
            note(`${name} has changed since it was loaded, and the old one is used: %reload ${quoted(name)}`);
        }
    }

    function quoted(name) {
        return exec(/^[\w@./+-]+$/, name) === null ? `'${name}'` : name;
    }

    // Returns the name of a package or the relative path of a file.
    function shown(path) {
        if (isPackage(path)) {
            return nameOf(relative(join(cwd(), PACKAGES), path)) ?? path;
        }
        const name = relative(cwd(), outward(path));
        return startsWith(name, "..") ? outward(path) : `./${name}`;
    }

    // Returns the specifier to import instead of the one in a snippet.
    function importing(specifier) {
        if (typeof specifier !== "string") {
            return specifier;
        }
        const importingIt = exec(PATH, specifier) === null ? importingPackage : importingFile;
        return attempt(() => importingIt(specifier)) ?? specifier;
    }

    function importingFile(specifier) {
        const { href, search } = urlOf(specifier);
        const path = fileURLToPath(href);
        remember(path, href);
        const version = get(versions, path);
        return version && `${specifier}${search ? "&" : "?"}reload=${version}`;
    }

    // An import that failed is tried anew, as require() does: Node.js may keep its failure.
    function failed(specifier) {
        attempt(() => {
            const path = exec(PATH, specifier) === null ? undefined : fileURLToPath(urlOf(specifier));
            if (path !== undefined && stateOf(path) !== undefined) {
                remove(imported, path);
                set(versions, path, ++count);
            }
        });
    }

    function urlOf(specifier) {
        return new URL(specifier, pathToFileURL(file()));
    }

    function importingPackage(specifier) {
        const name = nameOf(specifier);
        if (name === undefined || isBuiltin(specifier)) {
            return undefined;
        }
        remember(describedIn(name), name);
        const version = get(versions, name);
        return version && `${resolver.resolve(specifier).url}?reload=${version}`;
    }

    function remember(path, key) {
        const state = stateOf(path);
        if (!has(urls, key)) {
            remove(imported, path);
        }
        compare(imported, path, state);
        if (state !== undefined) {
            add(urls, key);
        }
    }

    // Makes the next require() and import of a file or a package load it anew. Returns the names of what will be
    // loaded anew, a line each: its own, and those of the files that use it; "" if it has not been loaded.
    function again(specifier) {
        const isFile = exec(PATH, specifier) !== null;
        return (isFile ? undefined : againPackage(nameOf(specifier))) ?? againFile(specifier) ?? "";
    }

    function againPackage(name) {
        if (name === undefined) {
            return undefined;
        }
        const described = describedIn(name);
        const inside = slice(described, 0, 1 - DESCRIPTION.length);
        const files = filter(keys(Module._cache), (path) => startsWith(outward(path), inside));
        return has(urls, name) || files.length > 0 ? forget(files, described, name) : undefined;
    }

    function againFile(specifier) {
        const path = attempt(() => located(specifier));
        const isThere = path !== undefined && (Module._cache[path] ?? get(imported, outward(path))) !== undefined;
        return isThere ? forget([path], path, outward(path)) : undefined;
    }

    function located(specifier) {
        const path = startsWith(specifier, "file:") ? fileURLToPath(specifier) : resolvePath(cwd(), specifier);
        return attempt(() => createRequire(file()).resolve(path)) ?? path;
    }

    // key: of `versions`. path: whose state is compared.
    function forget(files, path, key) {
        count++;
        const users = withUsers(files);
        remove(required, path);
        remove(imported, outward(path));
        set(versions, key, count);
        const names = [shown(path)];
        for (let index = 0; index < users.length; index++) {
            const user = users[index];
            delete Module._cache[user];
            remove(required, user);
            remove(imported, outward(user));
            set(versions, outward(user), count);
            if (!includes(user, PACKAGES) && user !== path) {
                push(names, shown(user));
            }
        }
        return joined(names, "\n");
    }

    // Returns files of require() and all files that have required them.
    function withUsers(files) {
        const parents = new Map();
        const all = keys(Module._cache);
        for (let at = 0; at < all.length; at++) {
            const children = Module._cache[all[at]].children ?? [];
            for (let index = 0; index < children.length; index++) {
                const { filename } = children[index];
                const known = get(parents, filename) ?? [];
                push(known, all[at]);
                set(parents, filename, known);
            }
        }
        const seen = new Set();
        const found = [];
        const queue = [files];
        for (let at = 0; at < queue.length; at++) {
            for (let index = 0; index < queue[at].length; index++) {
                const path = queue[at][index];
                if (!has(seen, path)) {
                    add(seen, path);
                    push(found, path);
                    push(queue, get(parents, path) ?? []);
                }
            }
        }
        return found;
    }

    function attempt(action) {
        try {
            return action();
        } catch {
            return undefined;
        }
    }

    return { again, failed, importing };
});

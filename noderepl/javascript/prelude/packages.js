// What can be imported: the installed packages and their versions, and the exports of one.
//
// file(): the file name of what runs. attempt(action): returns what it returns, undefined if it throws.
(function packages({ realm, primordials, file, attempt }) {
    const { Array, JSON, Map, Object } = realm;
    const { getOwnPropertyDescriptor, keys } = Object;
    const { parse } = JSON;
    const fs = realm.require("fs");
    const { Stats, existsSync, readdirSync, readFileSync, statSync } = fs;
    const { Module } = realm.require("module");
    const { _nodeModulePaths: pathsFrom, _resolveFilename: resolveFilename } = Module;
    const { isProxy } = realm.require("util/types");
    const { dirname, join } = realm.require("path");
    const { get, set } = primordials.Map;
    const { exec } = primordials.RegExp;
    const { includes, slice, startsWith } = primordials.String;
    const forEach = primordials.uncurried(Array.prototype.forEach);
    const isFile = primordials.uncurried(Stats.prototype.isFile);
    const { _findPath, _resolveLookupPaths } = Module;
    const LOOKING = [
        [Module, "_cache", Module._cache],
        [Module, "_findPath", _findPath],
        [Module, "_nodeModulePaths", pathsFrom],
        [Module, "_resolveFilename", resolveFilename],
        [Module, "_resolveLookupPaths", _resolveLookupPaths],
        [fs, "realpathSync", fs.realpathSync],
    ];
    const MOST = 2000;
    const FILE = /^(.+?)(\.(?:js|cjs|mjs|json))$/;
    const LONGEST = 200; // characters of a version
    const MANIFEST = 1 << 20; // bytes of a package.json

    // Without a name, the packages that can be imported; else the exports of that package.
    function offered(name) {
        return name === "" ? installed() : exportsOf(name);
    }

    // Not by methods of arrays, which call a constructor that a snippet may replace (Symbol.species).
    function filtered(all, isWanted) {
        const found = [];
        for (let index = 0; index < all.length && found.length < MOST; index++) {
            if (isWanted(all[index])) {
                found[found.length] = all[index];
            }
        }
        return found;
    }

    function directories() {
        return filtered(pathsFrom(dirname(file())), (place) => existsSync(place));
    }

    // Those on which the package.json beside them depends come first.
    function installed() {
        const all = [];
        const add = (place, name) => {
            const isNew = all.length < MOST && get(seen, name) === undefined && existsSync(join(place, name));
            if (isNew) {
                set(seen, name, true);
                all[all.length] = [name, textOf(packageOf(join(place, name)).version)];
            }
        };
        const seen = new Map();
        const places = directories();
        forEach(places, (place) => {
            const { dependencies, devDependencies } = packageOf(dirname(place));
            forEach([dependencies, devDependencies], (one) => {
                forEach(typeof one === "object" && one !== null ? keys(one) : [], (name) => add(place, name));
            });
        });
        forEach(places, (place) => {
            forEach(entriesOf(place), (entry) => {
                const isScope = startsWith(entry, "@");
                forEach(isScope ? entriesOf(join(place, entry)) : [""], (one) => {
                    add(place, isScope ? `${entry}/${one}` : entry);
                });
            });
        });
        return all;
    }

    function entriesOf(place) {
        return filtered(attempt(() => readdirSync(place)) ?? [], (entry) => !startsWith(entry, "."));
    }

    function packageOf(place) {
        const path = join(place, "package.json");
        return attempt(() => (isManifest(statSync(path)) ? parse(readFileSync(path, "utf8")) : undefined)) ?? {};
    }

    // Reading a pipe would wait for its writer.
    function isManifest(stat) {
        return isFile(stat) && stat.size <= MANIFEST;
    }

    function textOf(version) {
        return typeof version === "string" ? slice(version, 0, LONGEST) : "";
    }

    function exportsOf(name) {
        const place = filtered(directories(), (one) => existsSync(join(one, name)))[0];
        if (place === undefined || startsWith(name, ".")) {
            return [];
        }
        const { exports } = packageOf(join(place, name));
        if (exports === undefined || exports === null) {
            return filesOf(name, join(place, name));
        }
        const all = typeof exports === "object" ? keys(exports) : [];
        const paths = filtered(all, (one) => startsWith(one, "./") && !includes(one, "*") && one !== "./package.json");
        for (let index = 0; index < paths.length; index++) {
            paths[index] = [`${name}${slice(paths[index], 1)}`, ""];
        }
        return paths;
    }

    // The files at the top of a package, which may all be loaded; those that require() finds also without their ending.
    function filesOf(name, place) {
        const all = [];
        forEach(entriesOf(place), (entry) => {
            const { 1: stem, 2: ending } = exec(FILE, entry) ?? [];
            const isFolder = ending === undefined && existsSync(join(place, entry, "index.js"));
            const short = ending === ".js" ? stem : isFolder ? entry : undefined;
            const offers = [short, ending === undefined ? undefined : entry];
            forEach(offers, (one) => {
                if (one !== undefined && entry !== "package.json" && all.length < MOST) {
                    all[all.length] = [`${name}/${one}`, ""];
                }
            });
        });
        return all;
    }

    // What require() of a loaded module returns; undefined if a snippet has changed how Node.js looks for it.
    function loaded(module) {
        for (let index = 0; index < LOOKING.length; index++) {
            const { 0: owner, 1: key, 2: original } = LOOKING[index];
            if (getOwnPropertyDescriptor(owner, key)?.value !== original) {
                return undefined;
            }
        }
        const filename = file();
        const parent = { __proto__: null, id: filename, filename, paths: pathsFrom(dirname(filename)) };
        const entry = valueIn(Module._cache, resolveFilename(module, parent, false));
        return valueIn(entry, "exports");
    }

    function valueIn(object, key) {
        return isProxy(object) ? undefined : getOwnPropertyDescriptor(object, key)?.value;
    }

    return { offered, loaded, dirname, directories, existsSync, join, packageOf, pathsFrom, readFileSync, statSync };
});

// What can be imported: the installed packages and their versions, and the exports of one.
//
// file(): the file name of what runs. attempt(action): returns what it returns, undefined if it throws.
(function packages({ realm, primordials, file, attempt }) {
    const { Array, JSON, Object } = realm;
    const { keys } = Object;
    const { parse } = JSON;
    const { Stats, existsSync, readdirSync, readFileSync, statSync } = realm.require("fs");
    const { _nodeModulePaths: pathsFrom } = realm.require("module").Module;
    const { dirname, join } = realm.require("path");
    const { includes, slice, startsWith } = primordials.String;
    const forEach = primordials.uncurried(Array.prototype.forEach);
    const isFile = primordials.uncurried(Stats.prototype.isFile);
    const MOST = 2000;
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

    function installed() {
        const all = [];
        forEach(directories(), (place) => {
            forEach(entriesOf(place), (entry) => {
                const isScope = startsWith(entry, "@");
                forEach(isScope ? entriesOf(join(place, entry)) : [""], (one) => {
                    const name = isScope ? `${entry}/${one}` : entry;
                    if (all.length < MOST) {
                        all[all.length] = [name, textOf(packageOf(join(place, name)).version)];
                    }
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
        const { exports } = place === undefined ? {} : packageOf(join(place, name));
        const all = typeof exports === "object" && exports !== null ? keys(exports) : [];
        const paths = filtered(all, (one) => startsWith(one, "./") && !includes(one, "*") && one !== "./package.json");
        for (let index = 0; index < paths.length; index++) {
            paths[index] = [`${name}${slice(paths[index], 1)}`, ""];
        }
        return paths;
    }

    return { offered, dirname, directories, existsSync, join, packageOf, pathsFrom, readFileSync, statSync };
});

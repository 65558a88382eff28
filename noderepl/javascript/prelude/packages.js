// The packages that snippets can import, for completion.js.
//
// file(): the file name of what runs. attempt(action): returns what it returns, undefined if it throws.
(function packages({ realm, primordials, file, attempt }) {
    const { Array, JSON, Object } = realm;
    const { keys } = Object;
    const { parse } = JSON;
    const { existsSync, readdirSync, readFileSync, statSync } = realm.require("fs");
    const { _nodeModulePaths: pathsFrom } = realm.require("module").Module;
    const { dirname, join } = realm.require("path");
    const { filter, find, map, slice } = primordials.Array;
    const { includes, slice: sliceText, startsWith } = primordials.String;
    const forEach = primordials.uncurried(Array.prototype.forEach);
    const MOST = 2000;
    const LONGEST = 200; // characters of a version

    // Without a name, the packages that can be imported; else the exports of that package.
    function offered(name) {
        return name === "" ? installed() : exportsOf(name);
    }

    function directories() {
        return filter(pathsFrom(dirname(file())), (place) => existsSync(place));
    }

    function installed() {
        const all = [];
        forEach(directories(), (place) => {
            forEach(entriesOf(place), (entry) => {
                const isScope = startsWith(entry, "@");
                const found = isScope ? map(entriesOf(join(place, entry)), (one) => `${entry}/${one}`) : [entry];
                forEach(found, (one) => {
                    if (all.length < MOST) {
                        all[all.length] = [one, textOf(packageOf(join(place, one)).version)];
                    }
                });
            });
        });
        return all;
    }

    function entriesOf(place) {
        return filter(attempt(() => readdirSync(place)) ?? [], (entry) => !startsWith(entry, "."));
    }

    function packageOf(place) {
        return attempt(() => parse(readFileSync(join(place, "package.json"), "utf8"))) ?? {};
    }

    function textOf(version) {
        return typeof version === "string" ? sliceText(version, 0, LONGEST) : "";
    }

    function exportsOf(name) {
        const place = find(directories(), (one) => existsSync(join(one, name)));
        const { exports } = place === undefined ? {} : packageOf(join(place, name));
        const all = typeof exports === "object" && exports !== null ? keys(exports) : [];
        const paths = filter(all, (one) => startsWith(one, "./") && !includes(one, "*") && one !== "./package.json");
        return map(slice(paths, 0, MOST), (one) => [`${name}${sliceText(one, 1)}`, ""]);
    }

    return { offered, dirname, directories, existsSync, join, packageOf, pathsFrom, readFileSync, statSync };
});

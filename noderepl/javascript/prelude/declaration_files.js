// Reads the package of a function and its declarations in TypeScript (.d.ts), for description.js.
//
// declarationFiles(file, specifier, names) returns {"package": {"name", "version", "description", "file", "types"} or
// null, "declarations": [[path, text], …]}. file: of the function, or "". specifier: that a snippet has imported.
// names: that are looked for; of the files behind the first, only those that have one are returned.
(function declarationFiles(tools) {
    const { primordials, builtinModules, directories, existsSync, readFileSync, statSync, packageOf, attempt } = tools;
    const { dirname, join, setPrototypeOf, descriptorOf } = tools;
    const { includes: isIn, push, some } = primordials.Array;
    const { exec } = primordials.RegExp;
    const { add, has } = primordials.Set;
    const { endsWith, includes, lastIndexOf, slice, startsWith } = primordials.String;
    const { Set, Object } = tools.realm;
    const MOST_FILE = 800_000; // bytes of a file
    const MOST_READ = 8 << 20; // bytes of all files
    const MOST_SENT = 2 << 20; // characters of the returned files
    const MOST_FILES = 250;
    const LONGEST = 2000; // characters of a description
    const INSTALLED = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/](.*)$/s;
    const NAME = /^((?:@[^/]+\/)?[^/]+)(.*)$/s;
    const REFERENCE =
        /<reference (?:path|types)\s*=\s*["']([^"'\n]+)["']|(?:\bfrom|\bimport|\brequire\()\s*\(?["']([^"'\n]+)["']/g;
    const TYPES = /\.d\.[cm]?ts$/;
    const SCRIPT = /\.([cm]?)jsx?$/;
    const CONDITIONS = ["types", "require", "import", "node", "default"];
    const ENDS = [".d.ts", ".d.cts", ".d.mts", "/index.d.ts", "/index.d.cts", "/index.d.mts"];
    const none = { __proto__: null, package: null, declarations: setPrototypeOf([], null) };

    function declarations(file, specifier, names) {
        const installed = exec(INSTALLED, file);
        const imported = exec(NAME, startsWith(specifier, ".") || startsWith(specifier, "/") ? "" : specifier);
        const isNode = isIn(builtinModules, specifier) || startsWith(specifier, "node:");
        const asked = imported !== null && !isNode ? find(imported[1], directories()) : undefined;
        const place = installed?.[1] ?? asked;
        if (place === undefined) {
            return none;
        }
        const about = packageOf(place);
        const name = text(about, "name");
        // A re-export may come from another package.
        const source = asked ?? place;
        const sub = asked !== undefined && imported[2] !== "" ? `.${imported[2]}` : ".";
        const entry =
            attempt(() => typesIn(source, sub) ?? typesElsewhere(source)) ?? attempt(() => typesIn(place, "."));
        return {
            __proto__: null,
            package: {
                __proto__: null,
                name,
                version: text(about, "version"),
                description: text(about, "description"),
                file: installed?.[2] ?? "",
            },
            declarations: entry === undefined ? setPrototypeOf([], null) : collected(entry, names),
        };
    }

    function text(about, key) {
        const value = descriptorOf(Object(about), key)?.value;
        return typeof value === "string" ? slice(value, 0, LONGEST) : "";
    }

    function find(name, places) {
        for (let index = 0; index < places.length; index++) {
            const place = join(places[index], name);
            if (existsSync(place)) {
                return place;
            }
        }
        return undefined;
    }

    // The entry of a package's own declarations.
    function typesIn(place, sub) {
        const about = packageOf(place);
        const { exports } = about;
        const isMap = typeof exports === "object" && exports !== null;
        const target = isMap ? (exports[sub] ?? (sub === "." ? exports : undefined)) : undefined;
        const named = conditional(target, place, 0);
        if (named !== undefined || sub !== ".") {
            return named ?? fileAt(join(place, sub));
        }
        const candidates = [about.types, about.typings, about.main, "index"];
        for (let index = 0; index < candidates.length; index++) {
            const one = candidates[index];
            const found = typeof one === "string" ? fileAt(join(place, one)) : undefined;
            if (found !== undefined) {
                return found;
            }
        }
        return undefined;
    }

    function conditional(target, place, depth) {
        if (typeof target === "string") {
            return fileAt(join(place, target));
        }
        if (typeof target !== "object" || target === null || depth > 5) {
            return undefined;
        }
        for (let index = 0; index < CONDITIONS.length; index++) {
            const found = conditional(target[CONDITIONS[index]], place, depth + 1);
            if (found !== undefined) {
                return found;
            }
        }
        return undefined;
    }

    // The declarations of a package that has none of its own.
    function typesElsewhere(place) {
        const cut = lastIndexOf(place, "node_modules");
        const name = slice(place, cut + "node_modules/".length);
        const scoped = exec(/^@([^\\/]+)[\\/](.*)$/, name);
        const types = join(
            slice(place, 0, cut),
            "node_modules",
            "@types",
            scoped ? `${scoped[1]}__${scoped[2]}` : name,
        );
        return existsSync(types) ? typesIn(types, ".") : undefined;
    }

    // The file of declarations for a path, which may be that of a script, of a directory, or without its end.
    function fileAt(path) {
        if (exec(TYPES, path) !== null) {
            return isFile(path) ? path : undefined;
        }
        const ending = exec(SCRIPT, path);
        if (ending !== null) {
            const found = `${slice(path, 0, ending.index)}.d.${ending[1]}ts`;
            const plain = `${slice(path, 0, ending.index)}.d.ts`;
            return isFile(found) ? found : isFile(plain) ? plain : undefined;
        }
        for (let index = 0; index < ENDS.length; index++) {
            if (isFile(path + ENDS[index])) {
                return path + ENDS[index];
            }
        }
        return undefined;
    }

    function isFile(path) {
        return attempt(() => statSync(path).isFile()) ?? false;
    }

    // The files that an entry leads to, the nearest first.
    function collected(entry, names) {
        const queue = [entry];
        const seen = new Set();
        const found = [];
        let read = 0;
        let sent = 0;
        add(seen, entry);
        for (let index = 0; index < queue.length && read < MOST_READ; index++) {
            const path = queue[index];
            const size = attempt(() => statSync(path).size) ?? MOST_FILE + 1;
            const content = size > MOST_FILE ? undefined : attempt(() => readFileSync(path, "utf8"));
            if (content === undefined) {
                continue;
            }
            read += size;
            const isAsked = index === 0 || some(names, (name) => name !== "" && includes(content, name));
            if (isAsked && sent + content.length <= MOST_SENT) {
                sent += content.length;
                push(found, setPrototypeOf([path, content], null));
            }
            REFERENCE.lastIndex = 0;
            for (let at = exec(REFERENCE, content); at !== null; at = exec(REFERENCE, content)) {
                const next = attempt(() => resolved(at[1] ?? at[2], path));
                if (next !== undefined && !has(seen, next) && queue.length < MOST_FILES) {
                    add(seen, next);
                    push(queue, next);
                }
            }
        }
        return setPrototypeOf(found, null);
    }

    function resolved(specifier, from) {
        if (startsWith(specifier, ".") || endsWith(specifier, ".d.ts")) {
            return fileAt(join(dirname(from), specifier));
        }
        if (isIn(builtinModules, specifier) || includes(specifier, ":") || specifier === "node") {
            return undefined;
        }
        const { 1: name, 2: rest } = exec(NAME, specifier);
        const place = find(name, tools.pathsFrom(dirname(from)));
        const own = place === undefined ? undefined : typesIn(place, rest === "" ? "." : `.${rest}`);
        const types = own ?? find(join("@types", name), tools.pathsFrom(dirname(from)));
        return own ?? (types === undefined ? undefined : typesIn(types, "."));
    }

    return declarations;
});

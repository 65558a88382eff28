// Tells for which platform a session needs packages, and puts packages that were installed elsewhere beside those that
// it has. A magic sends this code with its request; it uses nothing of the prelude. package_files.py has the other
// half.
//
// request: {"action": "facts" or "merge", ...}. Returns "packages-" and the report as JSON in base64url.
(function packageFiles(request) {
    "use strict";
    const fs = require("fs");
    const { basename, dirname, join, parse, relative } = require("path");
    const data = process.env.NODEREPL_DATA ?? (fs.existsSync("/mnt/data") ? "/mnt/data" : process.cwd());

    class Refused extends Error {}

    // The directory whose packages npm changes: the nearest one with a package.json or node_modules, as for npm itself.
    function prefix() {
        const start = process.cwd();
        const root = parse(start).root;
        for (let at = start; at !== root; at = dirname(at)) {
            if (
                basename(at) !== "node_modules" &&
                ["package.json", "node_modules"].some((one) => fs.existsSync(join(at, one)))
            ) {
                return at;
            }
        }
        return start;
    }

    function libc() {
        if (process.platform !== "linux") {
            return "";
        }
        process.report.excludeNetwork = true;
        return process.report.getReport().header.glibcVersionRuntime ? "glibc" : "musl";
    }

    function facts() {
        manifest(join(prefix(), "package.json")); // before anything is installed for it
        return { version: process.version, platform: process.platform, arch: process.arch, libc: libc() };
    }

    function packagesIn(modules) {
        const names = fs.existsSync(modules) ? fs.readdirSync(modules).filter((name) => !name.startsWith(".")) : [];
        return names.flatMap((name) =>
            name.startsWith("@") ? fs.readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
        );
    }

    function described(directory) {
        try {
            const found = JSON.parse(fs.readFileSync(join(directory, "package.json"), "utf8"));
            return typeof found === "object" && found !== null ? found : {};
        } catch {
            return {};
        }
    }

    function manifest(file) {
        if (!fs.existsSync(file)) {
            return [{}, 2];
        }
        const text = fs.readFileSync(file, "utf8").replace(/^\ufeff/, "");
        let found;
        try {
            found = text.trim() === "" ? {} : JSON.parse(text);
        } catch {
            throw new Refused("BadManifest");
        }
        if (typeof found !== "object" || found === null || Array.isArray(found)) {
            throw new Refused("BadManifest");
        }
        return [found, /^[ \t]+(?=")/m.exec(text)?.[0] ?? 2];
    }

    // `save`: {field of package.json: {name: range}}.
    function withSaved(found, save) {
        const result = { ...found };
        for (const [field, ranges] of Object.entries(save)) {
            for (const other of ["dependencies", "devDependencies", "optionalDependencies"]) {
                const rest = Object.entries(result[other] ?? {}).filter(([name]) => !Object.hasOwn(ranges, name));
                if (result[other] !== undefined) {
                    result[other] = Object.fromEntries(rest);
                }
            }
            const all = Object.entries({ ...result[field], ...ranges }).sort(([one], [other]) =>
                one < other ? -1 : 1,
            );
            result[field] = Object.fromEntries(all);
        }
        for (const field of ["dependencies", "devDependencies", "optionalDependencies"]) {
            if (result[field] !== undefined && Object.keys(result[field]).length === 0 && found[field] === undefined) {
                delete result[field];
            }
        }
        return result;
    }

    // A rename, or a copy from another file system.
    function bring(from, to) {
        fs.mkdirSync(dirname(to), { recursive: true });
        try {
            fs.renameSync(from, to);
        } catch (error) {
            if (error.code !== "EXDEV") {
                throw error;
            }
            fs.cpSync(from, to, { recursive: true });
        }
    }

    function linkPrograms(modules, name) {
        const at = join(modules, name);
        const { bin } = described(at);
        const programs = typeof bin === "string" ? { [basename(name)]: bin } : (bin ?? {});
        for (const [program, file] of Object.entries(programs)) {
            const target = join(at, String(file));
            const link = join(modules, ".bin", program);
            if (program !== basename(program) || !target.startsWith(at + "/") || !fs.existsSync(target)) {
                continue;
            }
            fs.mkdirSync(dirname(link), { recursive: true });
            fs.chmodSync(target, 0o755);
            fs.rmSync(link, { force: true });
            fs.symlinkSync(relative(dirname(link), target), link);
        }
    }

    // Moves the packages of a directory `stage` into node_modules. A package of `names` replaces the one that is there;
    // any other stays as it is where there is one. All of them are there in the end, or nothing has changed.
    function merge({ stage, names, save }) {
        const place = prefix();
        const modules = join(place, "node_modules");
        const file = join(place, "package.json");
        const beside = join(modules, stage);
        const undo = [];
        const added = [];
        const kept = [];
        try {
            const [found, indent] = manifest(file);
            fs.mkdirSync(beside, { recursive: true });
            for (const name of packagesIn(join(data, stage, "node_modules"))) {
                const now = described(join(data, stage, "node_modules", name)).version ?? "";
                const before = fs.existsSync(join(modules, name))
                    ? (described(join(modules, name)).version ?? "")
                    : null;
                if (before === null || names.includes(name)) {
                    bring(join(data, stage, "node_modules", name), join(beside, "new", name));
                    added.push([name, String(now)]);
                } else if (before !== now) {
                    kept.push([name, String(before), String(now)]);
                }
            }
            for (const [name] of added) {
                const old = join(beside, "old", name);
                if (fs.lstatSync(join(modules, name), { throwIfNoEntry: false })) {
                    fs.mkdirSync(dirname(old), { recursive: true });
                    fs.renameSync(join(modules, name), old);
                    undo.push([old, join(modules, name)]);
                }
                fs.mkdirSync(dirname(join(modules, name)), { recursive: true });
                fs.renameSync(join(beside, "new", name), join(modules, name));
                undo.push([join(modules, name), join(beside, "new", name)]);
            }
            if (Object.keys(save).length > 0) {
                fs.writeFileSync(
                    join(beside, "package.json"),
                    `${JSON.stringify(withSaved(found, save), null, indent)}\n`,
                );
                fs.renameSync(join(beside, "package.json"), file);
            }
        } catch (error) {
            for (const [from, to] of undo.reverse()) {
                fs.renameSync(from, to);
            }
            throw error;
        } finally {
            fs.rmSync(beside, { recursive: true, force: true });
            fs.rmSync(join(data, stage), { recursive: true, force: true });
        }
        // npm would take this description of node_modules, which is another one now, for true.
        fs.rmSync(join(modules, ".package-lock.json"), { force: true });
        for (const [name] of added) {
            linkPrograms(modules, name);
        }
        return { place, added, kept };
    }

    function report() {
        try {
            return { facts, merge }[request.action](request);
        } catch (error) {
            return {
                failure: error instanceof Refused ? error.message : String(error.code ?? error.message ?? "Error"),
            };
        }
    }

    return `packages-${Buffer.from(JSON.stringify(report())).toString("base64url")}`;
});

// Lists, packs, unpacks and removes files of the session. A magic sends this code with its request; it uses nothing of
// the prelude, so that it also runs in a session without one. session_files.py has the other half.
//
// An archive is gzip of: the length of a JSON text as four bytes, that text, and the contents of its entries one after
// the other. The text is [[path, kind, size, offset], ...]; kind: "directory", "file" or "executable"; offset: of the
// content in its file, as a large file is in several archives. Nothing else is in an archive: no link, no device, no
// owner. An archive is complete in itself, so that it is removed before the next one is made.
//
// request: {"action", "most" entries, ...}. Returns "files-" and the report as JSON in base64url. A report that is too
// long for a kernel that shortens texts is in the file request.report, and the value is "files-file".
(function sessionFiles(request) {
    "use strict";
    const fs = require("fs");
    const { dirname, join } = require("path");
    const { gunzipSync, gzipSync } = require("zlib");
    const data = process.env.NODEREPL_DATA ?? (fs.existsSync("/mnt/data") ? "/mnt/data" : process.cwd());
    const OWN = ".noderepl-"; // files that noderepl itself has in the session
    const LONGEST = 8000; // characters
    const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants;

    class Refused extends Error {}

    const at = (...parts) => join(data, ...parts);
    const statusOf = (path) => fs.lstatSync(path, { throwIfNoEntry: false });

    function kindOf(status) {
        if (status.isDirectory()) {
            return "directory";
        }
        return status.isFile() ? "file" : status.isSymbolicLink() ? "link" : "special";
    }

    // Returns [path below the root, kind, size, ms since 1970] of the root ("") and all below it, sorted by path.
    // depth: of directories whose content is listed, null for all. Names of `excluded` are not followed.
    function walk(root, depth, excluded, most, left) {
        const found = [];
        const waiting = [["", 0]];
        while (waiting.length > 0) {
            const [path, level] = waiting.pop();
            const status = statusOf(at(root, path));
            if (status === undefined) {
                if (path.includes("\ufffd")) {
                    left.unreadable.push(path); // its name is not UTF-8
                } else if (path !== "") {
                    left.vanished += 1;
                }
                continue;
            }
            const kind = kindOf(status);
            found.push([path, kind, kind === "file" ? status.size : 0, status.mtimeMs]);
            if (found.length > most) {
                throw new Refused("TooMany");
            }
            if (kind !== "directory" || (depth !== null && level >= depth)) {
                continue;
            }
            let names = [];
            try {
                names = fs.readdirSync(at(root, path));
            } catch (error) {
                if (path === "") {
                    throw error;
                }
                left.unreadable.push(path);
            }
            for (const name of names) {
                if (excluded.includes(name)) {
                    left.excluded.push(name);
                } else if (root !== "" || path !== "" || !name.startsWith(OWN)) {
                    waiting.push([path === "" ? name : `${path}/${name}`, level + 1]);
                }
            }
        }
        return found.sort(([one], [other]) => (one < other ? -1 : 1));
    }

    const nothingLeft = () => ({ excluded: [], unreadable: [], vanished: 0, links: 0, special: 0 });

    function find({ root, depth, excluded, most }) {
        const left = nothingLeft();
        return { entries: walk(root, depth, excluded, most, left), left };
    }

    // Packs the files below a root, or those of `names`, into an archive of at most `size` bytes before compression.
    // after: [path, offset] where the previous archive ended. `next` in the report: the same for the next one, null
    // after the last.
    function pack({ root, names, excluded, after, size, most, archive }) {
        const left = nothingLeft();
        const all = names
            ? [...names].sort().map((name) => entryOf(name, statusOf(at(root, name)), left))
            : walk(root, null, excluded, most, left);
        const [first, offset] = after ?? ["", 0];
        const entries = [];
        const contents = [];
        let room = size;
        let next = null;
        let bytes = 0;
        let files = 0;
        for (const entry of all) {
            if (!entry) {
                continue;
            }
            const [path, kind, length] = entry;
            bytes += length;
            files += kind === "directory" ? 0 : 1;
            left.links += kind === "link" ? 1 : 0;
            left.special += kind === "special" ? 1 : 0;
            if (next !== null || path < first || kind === "link" || kind === "special") {
                continue;
            }
            const begin = path === first ? offset : 0;
            room -= 4 * path.length + 40;
            if (entries.length > 0 && room <= 0) {
                next = [path, begin];
                continue;
            }
            if (kind === "directory") {
                entries.push([path, kind, 0, 0]);
                continue;
            }
            const read = readPart(at(root, path), begin, room, path, left);
            if (read !== null) {
                entries.push([path, read.isExecutable ? "executable" : "file", read.content.length, begin]);
                contents.push(read.content);
                room -= read.content.length;
                next = read.isWhole ? null : [path, begin + read.content.length];
            }
        }
        const text = Buffer.from(JSON.stringify(entries));
        const head = Buffer.alloc(4);
        head.writeUInt32BE(text.length);
        const packed = gzipSync(Buffer.concat([head, text, ...contents]), { level: 1 });
        fs.writeFileSync(at(archive), packed, { flag: "wx", mode: 0o600 });
        return { next, files: files - left.links - left.special, bytes, size: packed.length, left };
    }

    function entryOf(name, status, left) {
        if (status === undefined) {
            left.vanished += 1;
            return null;
        }
        return [name, kindOf(status), status.isFile() ? status.size : 0];
    }

    // Returns up to `room` bytes of a file as it is now; null if it cannot be read any more.
    function readPart(place, offset, room, path, left) {
        let file;
        try {
            file = fs.openSync(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
            const status = fs.fstatSync(file);
            if (!status.isFile()) {
                throw new Refused("NotAFile");
            }
            const content = Buffer.alloc(Math.max(0, Math.min(room, status.size - offset)));
            let done = 0;
            for (let read = -1; read !== 0 && done < content.length; done += read) {
                read = fs.readSync(file, content, done, content.length - done, offset + done);
            }
            const isWhole = done < content.length || offset + done >= status.size;
            return { content: content.subarray(0, done), isWhole, isExecutable: (status.mode & 0o100) !== 0 };
        } catch (error) {
            if (error.code === "ENOENT") {
                left.vanished += 1;
            } else {
                left.unreadable.push(path);
            }
            return null;
        } finally {
            if (file !== undefined) {
                fs.closeSync(file);
            }
        }
    }

    // Unpacks an archive into a new directory `stage`, and after the last archive moves that to `target`. The session
    // has either all of the files or none.
    function unpack({ archive, stage, isFirst, target, size }) {
        try {
            const place = at(stage);
            if (isFirst) {
                fs.mkdirSync(place, { mode: 0o755 });
            }
            const content = gunzipSync(fs.readFileSync(at(archive)), { maxOutputLength: size });
            fs.unlinkSync(at(archive));
            const end = 4 + content.readUInt32BE(0);
            let begin = end;
            for (const [path, kind, length, offset] of JSON.parse(content.toString("utf8", 4, end))) {
                write(place, path, kind, content.subarray(begin, begin + length), offset);
                begin += length;
            }
            return target === null ? {} : move(place, at(target));
        } catch (error) {
            remove({ paths: [stage, archive] });
            throw error;
        }
    }

    function write(place, path, kind, content, offset) {
        const parts = path.split("/");
        if (
            path.includes("\0") ||
            (path !== "" && parts.some((part) => part === "" || part === "." || part === ".."))
        ) {
            throw new Refused("UnsafePath");
        }
        if (kind === "directory") {
            fs.mkdirSync(join(place, path), { recursive: true });
            return;
        }
        if (kind !== "file" && kind !== "executable") {
            throw new Refused("UnsafeEntry");
        }
        fs.mkdirSync(dirname(join(place, path)), { recursive: true });
        const how = offset === 0 ? O_CREAT | O_EXCL : O_APPEND;
        const file = fs.openSync(join(place, path), O_WRONLY | O_NOFOLLOW | how, kind === "file" ? 0o644 : 0o755);
        try {
            for (let done = 0; done < content.length;) {
                done += fs.writeSync(file, content, done);
            }
        } finally {
            fs.closeSync(file);
        }
    }

    function move(stage, target) {
        fs.mkdirSync(dirname(target), { recursive: true });
        if (statusOf(target) === undefined) {
            fs.renameSync(stage, target);
            return {};
        }
        const below = fs.readdirSync(stage, { recursive: true }).map((path) => [path, statusOf(join(stage, path))]);
        below.unshift(["", statusOf(stage)]);
        for (const [path, status] of below) {
            const there = statusOf(join(target, path));
            if (there !== undefined && there.isDirectory() !== status.isDirectory()) {
                const error = new Refused(status.isDirectory() ? "NotADirectory" : "IsADirectory");
                error.file = path === "" ? "the destination" : path;
                throw error;
            }
        }
        for (const [path, status] of below) {
            if (status.isDirectory()) {
                fs.mkdirSync(join(target, path), { recursive: true });
            }
        }
        for (const [path, status] of below) {
            if (!status.isDirectory()) {
                fs.renameSync(join(stage, path), join(target, path));
            }
        }
        fs.rmSync(stage, { recursive: true });
        return {};
    }

    // Removes files, and directories with their content. limit: the most files for which it does so, null for any
    // number. Otherwise it only counts them.
    function remove({ paths, limit = null }) {
        const missing = [];
        let files = 0;
        let directories = 0;
        for (const path of paths) {
            const status = statusOf(at(path));
            if (status === undefined) {
                missing.push(path);
            }
            if (limit !== null && status !== undefined) {
                const [more, deep] = count(path, status);
                files += more;
                directories += deep;
            }
        }
        const done = limit === null || (missing.length === 0 && files + directories <= limit);
        if (done) {
            for (const path of paths) {
                fs.rmSync(at(path), { recursive: true, force: true });
            }
        }
        return { missing, files, directories, done };
    }

    function count(path, status) {
        if (!status.isDirectory()) {
            return [1, 0];
        }
        const kinds = fs.readdirSync(at(path), { recursive: true, withFileTypes: true });
        const directories = kinds.filter((one) => one.isDirectory()).length;
        return [kinds.length - directories, directories + 1];
    }

    // Removes what transfers that were cut off have left more than an hour ago.
    function sweep() {
        for (const name of fs.readdirSync(data)) {
            const isOurs = /^\.noderepl-(?:archive|stage|report)-/.test(name);
            if (isOurs && Date.now() - statusOf(at(name))?.mtimeMs > 3_600_000) {
                remove({ paths: [name] });
            }
        }
    }

    function report() {
        try {
            sweep();
            return { find, pack, unpack, remove }[request.action](request);
        } catch (error) {
            return {
                failure: error instanceof Refused ? error.message : (error.code ?? "Error"),
                file: error.file ?? "",
            };
        }
    }

    const text = Buffer.from(JSON.stringify(report())).toString("base64url");
    if (text.length <= LONGEST) {
        return `files-${text}`;
    }
    fs.writeFileSync(at(request.report), text, { flag: "wx", mode: 0o600 });
    return "files-file";
});

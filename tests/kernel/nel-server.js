// An HTTP server in front of NEL, the kernel itself: the flat dialect of docs/protocol.md as far as noderepl's client
// needs.
//
// Contract with bare_kernel.py: argv is [NEL's directory, an empty directory]. Prints `listening on URL` once it does.
// Each identifier has a NEL session whose working directory, empty at first, is below the given one; there is no
// /mnt/data, and where the machine has one, NODEREPL_DATA tells that it is not the session's.
// It asks for no token, listens on the loopback interface only, and ends with its standard input.
"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs/promises");
const http = require("node:http");
const path = require("node:path");
const { ApiError, VERSIONS, executionBody, fileBody, readRequest } = require("./answers.js");
const { KernelSession } = require("./kernel-session.js");

const [nel, place] = process.argv.slice(2);
const { Session } = require(nel);
const sessions = new Map(); // identifier -> promise of a KernelSession
let made = 0;

function session(identifier) {
    if (!/^[!-[\]-~]{4,128}$/.test(identifier)) {
        throw new ApiError(400, "InvalidSessionIdentifier", "The session identifier must be 4 to 128 characters.");
    }
    if (!sessions.has(identifier)) {
        // Numbered, because an identifier may hold what a path must not.
        const directory = path.join(place, `session-${++made}`);
        const making = fs.mkdir(directory).then(() => new KernelSession(Session, directory));
        sessions.set(identifier, making);
    }
    return sessions.get(identifier);
}

/** Where a file of the session is; asked.path: a directory, relative or below /mnt/data. Throws ApiError. */
async function located(asked, name) {
    const { directory } = await session(asked.identifier);
    const below = (asked.path ?? "").replace(/^\/mnt\/data(?=\/|$)/, "");
    const parts = [...below.split("/"), name ?? ""].filter((part) => part !== "");
    if (parts.some((part) => part === "." || part === ".." || part.includes("/"))) {
        throw new ApiError(400, "FileNameInvalid", "The file name is not allowed.");
    }
    return path.join(directory, ...parts);
}

async function missingTold(work) {
    try {
        return await work;
    } catch (error) {
        throw ["ENOENT", "ENOTDIR"].includes(error.code)
            ? new ApiError(404, "FileNotFound", "The file does not exist.")
            : error;
    }
}

async function execute(asked) {
    const wanted = readRequest(JSON.parse(asked.body.toString("utf8")), asked.version);
    const its = await session(asked.identifier);
    const { isNew } = its;
    its.accessed = new Date();
    const ran = await its.execute(wanted.code, wanted.seconds);
    const id = crypto.randomUUID();
    const headers = {
        "operation-id": id,
        "x-ms-session-guid": its.guid,
        "x-ms-new-allocation": String(isNew),
        "x-ms-container-execution-duration": String(ran.milliseconds),
    };
    return { status: 202, headers, json: executionBody(wanted, ran, asked.identifier, id) };
}

async function upload(asked) {
    const form = await new Response(asked.body, { headers: { "content-type": asked.type } }).formData();
    const file = form.get("file");
    if (file === null || typeof file === "string") {
        throw new ApiError(400, "InvalidRequest", "The form must have a part 'file' with a filename.");
    }
    const name = file.name.replace(/^\/mnt\/data\//, "");
    const where = await located(asked, name);
    await fs.mkdir(path.dirname(where), { recursive: true });
    await fs.writeFile(where, Buffer.from(await file.arrayBuffer()));
    return { json: { $id: "1", ...fileBody(name, await fs.stat(where), asked.version) } };
}

async function list(asked) {
    const where = await located(asked);
    const names = (await missingTold(fs.readdir(where))).sort();
    const entries = names.map(async (name) => {
        const status = await fs.stat(path.join(where, name)).catch(() => null); // it may be gone by now
        return status && fileBody(name, status, asked.version);
    });
    return { json: { $id: "1", value: (await Promise.all(entries)).filter((entry) => entry !== null) } };
}

async function describe(asked, name) {
    const status = await missingTold(fs.stat(await located(asked, name)));
    return { json: { $id: "1", ...fileBody(name, status, asked.version) } };
}

async function download(asked, name) {
    return { bytes: await missingTold(fs.readFile(await located(asked, name))) };
}

async function remove(asked, name) {
    await missingTold(fs.rm(await located(asked, name), { recursive: true }));
    return { status: 204 };
}

function known(asked) {
    if (!sessions.has(asked.identifier)) {
        throw new ApiError(404, "NoSessionFoundError", "There is no session with this identifier.");
    }
    return sessions.get(asked.identifier);
}

async function showSession(asked) {
    const its = await known(asked);
    const expireAt = new Date(its.accessed.getTime() + 3600_000);
    const times = { createdAt: its.created, lastAccessedAt: its.accessed, expireAt };
    return { json: { identifier: asked.identifier, ...times, etag: its.guid } };
}

async function endSession(asked) {
    const its = await known(asked);
    sessions.delete(asked.identifier);
    its.kill();
    await fs.rm(its.directory, { recursive: true, force: true });
    return { status: 204 };
}

async function metadata() {
    const runtimes = [{ name: "node", version: process.versions.node }];
    return { json: { runtimes, preInstalledPackages: [], jupyterKernel: { name: "NEL", version: "1.3.0" } } };
}

const ROUTES = [
    ["POST", /^\/executions$/, execute],
    ["GET", /^\/files$/, list],
    ["POST", /^\/files$/, upload],
    ["GET", /^\/files\/([^/]+)\/content$/, download],
    ["GET", /^\/files\/([^/]+)$/, describe],
    ["DELETE", /^\/files\/([^/]+)$/, remove],
    ["GET", /^\/session$/, showSession],
    ["DELETE", /^\/session$/, endSession],
    ["GET", /^\/metadata$/, metadata],
];

async function answer(request) {
    const { pathname, searchParams } = new URL(request.url, "http://here");
    const chunks = [];
    for await (const chunk of request) {
        chunks.push(chunk);
    }
    const version = searchParams.get("api-version");
    const found = ROUTES.filter(([method]) => method === request.method)
        .map(([, pattern, operation]) => ({ operation, match: pattern.exec(pathname) }))
        .find(({ match }) => match);
    if (found === undefined) {
        throw new ApiError(404, "ResourceNotFound", "There is nothing at this path.");
    }
    if (!VERSIONS.includes(version)) {
        throw new ApiError(400, "InvalidApiVersion", `The supported api-versions are '${VERSIONS.join(", ")}'.`);
    }
    const asked = {
        version,
        identifier: searchParams.get("identifier") ?? "",
        path: searchParams.get("path"),
        type: request.headers["content-type"],
        body: Buffer.concat(chunks),
    };
    return found.operation(asked, ...found.match.slice(1).map(decodeURIComponent));
}

async function respond(request, response) {
    let told;
    try {
        told = await answer(request);
    } catch (error) {
        const isJson = error instanceof SyntaxError || error instanceof TypeError;
        const wrong = isJson ? new ApiError(400, "InvalidRequest", error.message) : error;
        const unknown = new ApiError(500, "InternalServerError", String(error.stack));
        const { status, body } = wrong instanceof ApiError ? wrong : unknown;
        told = { status, json: body };
    }
    const content = told.bytes ?? (told.json === undefined ? "" : JSON.stringify(told.json));
    const type = told.bytes === undefined ? "application/json" : "application/octet-stream";
    const headers = { "api-supported-versions": VERSIONS.join(", "), "content-type": type, ...told.headers };
    response.writeHead(told.status ?? 200, headers).end(content);
}

const server = http.createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, respond);
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
process.stdin.on("end", () => process.exit()).resume();

// The shapes that nel-server.js answers in: docs/protocol.md, flat dialect. Pure: no I/O, no clock.
"use strict";

const VERSIONS = ["2024-10-02-preview", "2025-02-02-preview", "2025-10-02-preview"];
const NEWEST = VERSIONS.at(-1);
const ESCAPES = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v" };

/** An answer that is an error; status: of HTTP. */
class ApiError extends Error {
    constructor(status, code, message) {
        super(message);
        Object.assign(this, { status, code });
    }

    get body() {
        return { error: { code: this.code, message: this.message } };
    }
}

/** Reads the body of an execute request, names in any case; version: the api-version. Throws ApiError. */
function readRequest(body, version) {
    if (body === null || typeof body !== "object" || Array.isArray(body)) {
        throw new ApiError(400, "InvalidRequest", "The request body must be a JSON object.");
    }
    const fields = Object.fromEntries(Object.entries(body).map(([name, value]) => [name.toLowerCase(), value]));
    if (typeof fields.code !== "string") {
        throw new ApiError(400, "InvalidRequest", "The field 'code' is required and must be a string.");
    }
    if (String(fields.executiontype ?? "synchronous").toLowerCase() !== "synchronous") {
        throw new ApiError(400, "InvalidRequest", "Only the executionType 'synchronous' is known here.");
    }
    const isBase64 = String(fields.codeinputtype ?? "inline").toLowerCase() === "inlinebase64";
    const isNewest = version === NEWEST;
    return {
        code: isBase64 ? Buffer.from(fields.code, "base64").toString("utf8") : fields.code,
        executionType: fields.executiontype ?? "synchronous",
        seconds: wholeNumber(fields, "timeoutinseconds", 60, 220),
        streamLimit: isNewest ? wholeNumber(fields, "outputstreamsmaxlength", 4096, 2 ** 31) : Infinity,
        jupyterFormat: isNewest && Boolean(fields.returnjupyterformatexecutionresult),
    };
}

function wholeNumber(fields, name, otherwise, most) {
    const value = fields[name] ?? otherwise;
    if (!Number.isInteger(value) || value < 1 || value > most) {
        throw new ApiError(400, "InvalidRequest", `The field '${name}' must be a whole number from 1 to ${most}.`);
    }
    return value;
}

/**
 * The answer to an execute request.
 *
 * wanted: from readRequest. ran: {stdout, stderr, mime, error, displays, milliseconds, ended}; error is the kernel's
 * own {ename, evalue, traceback}, ended is {code, message} where the kernel gave no answer.
 */
function executionBody(wanted, ran, identifier, id) {
    const cut = (text) => [...text.slice(0, 2 * wanted.streamLimit)].slice(0, wanted.streamLimit).join("");
    const thrown = ran.error && whatWasThrown(ran.error);
    const told = ran.ended?.message ?? thrown?.text;
    const gap = ran.stderr === "" || ran.stderr.endsWith("\n") ? "" : "\n";
    const result = {
        $id: "2",
        stdout: cut(ran.stdout),
        stderr: cut(told === undefined ? ran.stderr : `${ran.stderr}${gap}${told}\n`),
        executionResult: executionResult(ran.mime ?? {}, wanted.jupyterFormat),
        executionTimeInMilliseconds: ran.milliseconds,
        ...(ran.displays.length > 0 ? { displayData: ran.displays } : {}),
    };
    const head = { $id: "1", id, identifier, executionType: wanted.executionType };
    if (told === undefined) {
        return { ...head, status: "Succeeded", result };
    }
    const rawResult = {
        hresult: 1,
        result: "",
        error_name: ran.ended?.code ?? thrown.name,
        error_message: ran.ended?.message ?? thrown.message,
        error_stack_trace: ran.ended ? "" : thrown.trace,
        stdout: cut(ran.stdout),
        stderr: cut(ran.stderr),
    };
    const failure = ran.ended ? { error: { error: ran.ended } } : {};
    return { ...head, status: "Failed", result, rawResult, ...failure };
}

function whatWasThrown({ ename, evalue, traceback }) {
    const [name, message] = [ename, evalue].map((value) => (typeof value === "string" ? value : String(value ?? "")));
    const trace = Array.isArray(traceback) ? traceback.join("\n") : String(traceback ?? "");
    return { name, message, trace, text: trace || `${name}: ${message}` };
}

/** The completion value as JSON; jupyterFormat: text as the kernel wrote it, else primitives as JSON. */
function executionResult(mime, jupyterFormat) {
    for (const format of ["png", "jpeg"]) {
        if (`image/${format}` in mime) {
            return { type: "image", format, base64_data: mime[`image/${format}`] };
        }
    }
    const text = mime["text/plain"];
    if (typeof text !== "string") {
        return Object.values(mime)[0] ?? "";
    }
    if (text === "undefined") {
        return "";
    }
    return jupyterFormat ? text : plain(text);
}

function plain(text) {
    if (text.length >= 2 && text[0] === text.at(-1) && "'\"`".includes(text[0]) && !text.includes("\n")) {
        const escape = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]+)\}|(.))/g;
        return text.slice(1, -1).replace(escape, (all, two, four, more, other) => {
            const code = parseInt(two ?? four ?? more ?? "0", 16);
            return other !== undefined ? (ESCAPES[other] ?? other) : code > 0x10ffff ? all : String.fromCodePoint(code);
        });
    }
    if (["true", "false", "null"].includes(text)) {
        return JSON.parse(text);
    }
    const isNumber = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) && text !== "-0" && Number.isFinite(Number(text));
    return isNumber ? Number(text) : text;
}

/** What is told of a file or directory; status: from fs.stat. */
function fileBody(name, status, version) {
    return {
        name,
        ...(version === NEWEST ? { directory: "" } : {}),
        type: status.isDirectory() ? "directory" : "file",
        contentType: "application/octet-stream",
        sizeInBytes: status.size,
        lastModifiedAt: status.mtime.toISOString(),
    };
}

module.exports = { ApiError, VERSIONS, executionBody, fileBody, readRequest };

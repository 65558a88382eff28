// `$$` as a snippet sees it, and the rich output of values: images, HTML, SVG, JSON.
//
// The kernel's own `$$` would answer the request itself; this one only ends the snippet.
//
// request.table: null, or how the value is shown as a table (table.js).
(function displays({ realm, primordials, table, inspect, attempt }) {
    const { Boolean, Error, JSON, Object, Promise, Set, String } = realm;
    const { defineProperty, getOwnPropertyDescriptor, keys } = Object;
    const { some } = primordials.Array;
    const { add: take, delete: drop, forEach } = primordials.Set;
    const { endsWith } = primordials.String;
    const then = primordials.uncurried(Promise.prototype.then);
    const { stringify } = JSON;
    const { Buffer } = realm.require("buffer");
    const { isAnyArrayBuffer, isArrayBufferView } = realm.require("util/types");
    const toBuffer = Buffer.from;
    const toText = primordials.uncurried(Buffer.prototype.toString);
    const TYPES = {
        __proto__: null,
        text: "text/plain",
        html: "text/html",
        svg: "image/svg+xml",
        png: "image/png",
        jpeg: "image/jpeg",
        json: "application/json",
    };
    const CONVERTERS = {
        __proto__: null,
        _toHtml: "text/html",
        _toSvg: "image/svg+xml",
        _toPng: "image/png",
        _toJpeg: "image/jpeg",
    };
    const IN_BASE64 = { __proto__: null, "image/png": true, "image/jpeg": true };
    const OLD_NAMES = ["mime", "html", "svg", "png", "jpeg"];
    let exposed;

    // finish(run, value, shown) and fail(run, error) end a snippet.
    function expose(run, { finish, fail }) {
        const $$ = { __proto__: null, config: run.kernel.config };
        const settled = (answer) => (value) => {
            if (!(value instanceof Promise)) {
                answer(value);
                return;
            }
            run.waiting = true;
            then(value, answer, (error) => fail(run, error));
        };
        const show = (bundle) => finish(run, undefined, add(run, bundle));
        $$.async = function async(value) {
            return (run.waiting = arguments.length === 0 || Boolean(value));
        };
        $$.done = $$.sendResult = settled((value) => finish(run, value));
        $$.sendError = settled((error) => fail(run, error));
        $$.mime = settled(show);
        for (const method in TYPES) {
            $$[method] = settled((value) => show({ __proto__: null, [TYPES[method]]: value }));
        }
        $$.input = function input() {
            fail(run, new Error("$$.input() is not available: nobody can type into a remote session"));
            return new Promise(() => {});
        };
        $$.display = (id) => display(run, id);
        $$.clear = () => {};
        defineProperty(realm, "$$", { __proto__: null, value: $$, configurable: true, writable: true });
        exposeOldNames(run, $$);
        exposed = $$;
    }

    // The kernel's older global names for these functions, which would bypass the prelude.
    function exposeOldNames(run, $$) {
        for (let index = 0; index < OLD_NAMES.length; index++) {
            const method = OLD_NAMES[index];
            defineProperty(realm, `$$${method}$$`, { __proto__: null, set: $$[method], configurable: true });
        }
        const set = (value) => (run.waiting = Boolean(value));
        defineProperty(realm, "$$async$$", { __proto__: null, get: () => run.waiting, set, configurable: true });
        defineProperty(realm, "$$done$$", { __proto__: null, value: $$.done, configurable: true, writable: true });
    }

    function isExposed() {
        return getOwnPropertyDescriptor(realm, "$$")?.value === exposed;
    }

    // Returns the display of an id, output besides the result; each update replaces its previous output.
    function display(run, id) {
        const shown = { __proto__: null, close() {} };
        let mine = [];
        shown.mime = (bundle) => {
            for (let index = 0; index < mine.length; index++) {
                drop(run.media, mine[index]);
            }
            const { text, added } = add(run, bundle);
            mine =
                text !== undefined && added.length === 0 ? [{ mime: "text/plain", data: text, base64: false }] : added;
            for (let index = 0; index < mine.length; index++) {
                take(run.media, mine[index]);
            }
        };
        for (const method in TYPES) {
            shown[method] = (value) => shown.mime({ __proto__: null, [TYPES[method]]: value });
        }
        return (id !== undefined && (run.displays[String(id)] ??= shown)) || shown;
    }

    // Adds the media of a bundle, except its text; returns both.
    function add(run, bundle) {
        let text;
        const added = [];
        const types = keys(Object(bundle));
        for (let index = 0; index < types.length; index++) {
            const mime = types[index];
            const data = bundle[mime];
            if (mime === "text/plain") {
                text = isBytes(data) ? encoded(data, "utf8") : String(data);
            } else if (data !== undefined) {
                added[added.length] = { __proto__: null, mime, ...contentOf(data, mime) };
                take(run.media, added[added.length - 1]);
            }
        }
        return { text, data: text, added };
    }

    // The media that a snippet has shown, in order; a set, because an update removes items.
    function none() {
        return new Set();
    }

    function listed(media) {
        const list = [];
        forEach(media, (one) => (list[list.length] = one));
        return list;
    }

    // Bytes are the content itself, except for JSON types, whose content is the JSON of any value.
    function contentOf(data, mime) {
        if (isBytes(data) && !endsWith(mime, "json")) {
            return { data: encoded(data, "base64"), base64: true };
        }
        if (typeof data === "string") {
            return { data, base64: IN_BASE64[mime] === true };
        }
        return { data: attempt(() => stringify(data)) ?? String(data), base64: false };
    }

    // Returns the text of a value, and its data if it is a primitive; adds the media of its converters.
    function describe(run, value, options) {
        const { table: asked, width } = run.request;
        if (asked) {
            let text;
            try {
                text = table.describe(value, { columns: width, ...asked, __proto__: null }, "%table --all");
            } catch {
                run.notes[run.notes.length] = "The value is not shown as a table: reading its properties throws.";
            }
            if (text !== undefined) {
                return { text, data: undefined };
            }
        }
        if ((typeof value !== "object" && typeof value !== "function") || value === null) {
            const isData = typeof value !== "bigint" && typeof value !== "symbol" && !isOdd(value);
            return { text: inspect(value, options), data: isData ? value : undefined };
        }
        const bundle = typeof attempt(() => value._toMime) === "function" ? attempt(() => value._toMime()) : undefined;
        let { text } = bundle === null || typeof bundle !== "object" ? {} : add(run, bundle);
        for (const method in CONVERTERS) {
            const mime = CONVERTERS[method];
            const isNew =
                typeof attempt(() => value[method]) === "function" &&
                !some(listed(run.media), (one) => one.mime === mime);
            const data = isNew ? attempt(() => value[method]()) : undefined;
            if (typeof data === "string" || isBytes(data)) {
                add(run, { __proto__: null, [mime]: data });
            }
        }
        text ??= attempt(() => inspect(value, options)) ?? "the value cannot be shown: its own inspection throws";
        return { text, data: undefined };
    }

    function isOdd(value) {
        return typeof value === "number" && (value !== value || value - value !== 0 || (value === 0 && 1 / value < 0));
    }

    function isBytes(value) {
        return isArrayBufferView(value) || isAnyArrayBuffer(value);
    }

    function encoded(bytes, encoding) {
        const isView = isArrayBufferView(bytes);
        return toText(isView ? toBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength) : toBuffer(bytes), encoding);
    }

    // Returns the bytes of a value that is binary, as the only item of a list.
    function bytesOf(value) {
        return isBytes(value)
            ? [{ mime: "application/octet-stream", data: encoded(value, "base64"), base64: true }]
            : [];
    }

    return { expose, isExposed, describe, bytesOf, none, listed };
});

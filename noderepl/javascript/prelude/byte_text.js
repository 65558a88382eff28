// Bytes as text that loses none of them: UTF-8 is decoded, and a byte that is not UTF-8 becomes a lone surrogate,
// U+DC80 to U+DCFF, as in Python's surrogateescape.
(function byteText({ realm, primordials }) {
    const { Buffer, String } = realm;
    const { byteLength, concat, from } = Buffer;
    const { fromCharCode } = String;
    const decode = primordials.uncurried(Buffer.prototype.toString);
    const equals = primordials.uncurried(Buffer.prototype.equals);
    const { charCodeAt, includes } = primordials.String;
    const ESCAPE = 0xdc00;

    // Decodes a stream in parts; an incomplete character waits for the next part.
    function decoder() {
        let tail; // the bytes of an incomplete character

        // Returns the text of the next bytes, and whether they decode to it without the bytes before and after them.
        function add(bytes) {
            const data = tail === undefined ? bytes : concat([tail, bytes]);
            const length = data.length - incomplete(data);
            const isWhole = tail === undefined && length === data.length;
            tail = length < data.length ? from(part(data, length, data.length)) : undefined;
            const { text, isExact } = textOf(length < data.length ? part(data, 0, length) : data);
            return { __proto__: null, text, isExact: isWhole && isExact };
        }

        // Returns the text of the bytes that wait.
        function end() {
            const { text } = tail === undefined ? { text: "" } : textOf(tail);
            tail = undefined;
            return text;
        }

        return { __proto__: null, add, end, hasTail: () => tail !== undefined };
    }

    function part(bytes, start, end) {
        return from(bytes.buffer, bytes.byteOffset + start, end - start);
    }

    function textOf(bytes) {
        const text = decode(bytes, "utf8");
        if (!includes(text, "\ufffd") || equals(from(text, "utf8"), bytes)) {
            return { text, isExact: true };
        }
        return { text: escaped(bytes), isExact: false };
    }

    function escaped(bytes) {
        let text = "";
        let start = 0; // of the valid run
        for (let at = 0; at < bytes.length;) {
            const length = characterAt(bytes, at);
            if (length === 0) {
                text += decode(bytes, "utf8", start, at) + fromCharCode(ESCAPE + bytes[at]);
                start = at + 1;
            }
            at += length || 1;
        }
        return text + decode(bytes, "utf8", start, bytes.length);
    }

    // The length of the character at a place; 0 if there is none.
    function characterAt(bytes, at) {
        const length = lengthOf(bytes[at]);
        return length <= bytes.length - at && isBegun(bytes, at, length) ? length : 0;
    }

    // The length of the character that begins with a byte; more than the longest if none does.
    function lengthOf(byte) {
        if (byte < 0x80) {
            return 1;
        }
        return byte >= 0xc2 && byte < 0xe0
            ? 2
            : byte >= 0xe0 && byte < 0xf0
              ? 3
              : byte >= 0xf0 && byte < 0xf5
                ? 4
                : Infinity;
    }

    // Whether the `length` bytes at a place are valid as the first ones of a character.
    function isBegun(bytes, at, length) {
        const first = bytes[at];
        for (let index = 1; index < length; index++) {
            const byte = bytes[at + index];
            const isFirst = index === 1;
            const lowest = isFirst && first === 0xe0 ? 0xa0 : isFirst && first === 0xf0 ? 0x90 : 0x80;
            const highest = isFirst && first === 0xed ? 0x9f : isFirst && first === 0xf4 ? 0x8f : 0xbf;
            if (byte < lowest || byte > highest) {
                return false;
            }
        }
        return true;
    }

    // The number of bytes at the end that may become a character.
    function incomplete(bytes) {
        for (let count = 1; count <= 3 && count <= bytes.length; count++) {
            const at = bytes.length - count;
            const length = lengthOf(bytes[at]);
            if (length !== Infinity) {
                return length > count && isBegun(bytes, at, count) ? count : 0;
            }
        }
        return 0;
    }

    // The number of bytes of a text that may have such surrogates; the others are in pairs.
    function sizeOf(text) {
        let size = byteLength(text);
        for (let index = 0; index < text.length; index++) {
            const code = charCodeAt(text, index);
            const isPair = code >= 0xd800 && code < ESCAPE;
            index += isPair ? 1 : 0;
            size -= !isPair && code >= ESCAPE && code < 0xe000 ? 2 : 0;
        }
        return size;
    }

    return { decoder, sizeOf };
});

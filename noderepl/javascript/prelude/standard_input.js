// The descriptor 0 of the session's process, and process.stdin: a file of the session, or nothing. Descriptors that
// child processes inherit, /dev/stdin and fs.readFileSync(0) are then right too.
(function standardInput({ realm, data }) {
    const { Object, process } = realm;
    const { defineProperty } = Object;
    let isReplaced = false;
    const { ReadStream, closeSync, open, openSync, read, unlinkSync } = realm.require("fs");

    // name: of a file in the session's directory, which loses its name; "" for nothing.
    function replace(name) {
        const path = name === "" ? "/dev/null" : `${data}/${name}`;
        closeSync(openSync(path, "r")); // throws while the descriptor is still open
        attempt(() => closeSync(0));
        openSync(path, "r"); // gets the lowest free number, 0
        if (name !== "") {
            unlinkSync(path);
        }
        isReplaced = true;
        let stream;
        const get = () => (stream ??= create());
        defineProperty(process, "stdin", { __proto__: null, get, configurable: true, enumerable: true });
    }

    function create() {
        // As in Node.js, its end does not close the descriptor.
        const fs = { __proto__: null, open, read, close: (_, callback) => callback(null) };
        const stream = new ReadStream(null, { __proto__: null, fd: 0, fs });
        stream.ref = stream.unref = () => stream; // as those of a pipe
        return stream;
    }

    function attempt(action) {
        try {
            action();
        } catch {
            // A session may have closed it.
        }
    }

    return { replace, isReplaced: () => isReplaced };
});

// Standard input as a file: descriptor 0 and /dev/stdin. All functions of the module fs that read a descriptor or open
// a path come to these functions of its binding.
//
// readInto(target, offset, length) reads bytes of the input, blocking, and returns their number, 0 at its end;
// readAll() returns the rest of it as text. isReplaced(): whether standard input is a file now (standard_input.js).
(function inputFiles({ realm, data, readInto, readAll, isReplaced }) {
    const { Buffer, Math, Reflect, process } = realm;
    const { rmSync, writeFileSync } = realm.require("fs");
    const { setImmediate, setTimeout } = realm.require("timers");
    const { from } = Buffer;
    const { random } = Math;
    const { apply } = Reflect;
    const DELAY = 1000; // ms after which an asynchronous call has opened its file
    const binding = bindingOf("fs");
    const { open, openFileHandle, read, readFileUtf8 } = binding;
    binding.read = function (fd, target, offset, length, position, ...given) {
        if (fd !== 0 || isReplaced()) {
            return apply(read, this, [fd, target, offset, length, position, ...given]);
        }
        const count = readInto(from(target.buffer, target.byteOffset, target.byteLength), offset, length);
        const asked = given[0];
        if (typeof asked?.oncomplete === "function") {
            setImmediate(() => asked.oncomplete(null, count));
            return undefined;
        }
        return count;
    };
    if (typeof readFileUtf8 === "function") {
        binding.readFileUtf8 = function (target, flags) {
            return (target === 0 && !isReplaced()) || isInput(target)
                ? readAll()
                : apply(readFileUtf8, this, [target, flags]);
        };
    }
    binding.open = opening(open);
    binding.openFileHandle = opening(openFileHandle);

    // Opens a file with the whole input in the place of /dev/stdin.
    function opening(original) {
        return function (target, ...given) {
            if (!isInput(target)) {
                return apply(original, this, [target, ...given]);
            }
            const place = `${data}/.noderepl-stdin-${random()}`;
            writeFileSync(place, readAll());
            try {
                return apply(original, this, [place, ...given]);
            } finally {
                setTimeout(() => rmSync(place, { __proto__: null, force: true }), DELAY).unref();
            }
        };
    }

    // An object without effect if Node.js does not have it.
    function bindingOf(name) {
        try {
            return process.binding(name);
        } catch {
            return { __proto__: null };
        }
    }

    function isInput(target) {
        return !isReplaced() && (target === "/dev/stdin" || target === "/dev/fd/0" || target === "/proc/self/fd/0");
    }
});

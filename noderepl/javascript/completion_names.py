"""The names that completion offers: JavaScript's keywords, Node's globals and Node's built-in
modules.

Static lists, without the names that a session has declared.
"""

from __future__ import annotations

KEYWORDS = tuple(
    "async await break case catch class const continue debugger default delete do else export"
    " extends false finally for function if import in instanceof let new null of return static"
    " super switch this throw true try typeof undefined var void while with yield".split()
)

# The names of globalThis in Node 20 and 24, without deprecated ones, and those of a CommonJS
# module.
GLOBALS = tuple(
    "AbortController AbortSignal AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array"
    " BigUint64Array Blob Boolean BroadcastChannel Buffer ByteLengthQueuingStrategy"
    " CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent DOMException DataView"
    " Date DecompressionStream Error EvalError Event EventTarget File FinalizationRegistry"
    " Float32Array Float64Array FormData Function Headers Infinity Int16Array Int32Array Int8Array"
    " Intl Iterator JSON Map Math MessageChannel MessageEvent MessagePort NaN Number Object"
    " Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver Promise"
    " Proxy RangeError ReadableStream ReferenceError Reflect RegExp Request Response Set"
    " SharedArrayBuffer String SubtleCrypto Symbol SyntaxError TextDecoder TextDecoderStream"
    " TextEncoder TextEncoderStream TransformStream TypeError URIError URL URLSearchParams"
    " Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet WebAssembly"
    " WebSocket WritableStream __dirname __filename atob btoa clearImmediate clearInterval"
    " clearTimeout console crypto decodeURI decodeURIComponent encodeURI encodeURIComponent eval"
    " exports fetch global globalThis isFinite isNaN module navigator parseFloat parseInt"
    " performance process queueMicrotask require setImmediate setInterval setTimeout"
    " structuredClone".split()
)

# module.builtinModules of Node 20 and 24 without the internal ones (those that begin with an
# underscore).
BUILTIN_MODULES = tuple(
    "assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram"
    " diagnostics_channel dns dns/promises domain events fs fs/promises http http2 https inspector"
    " inspector/promises module net os path path/posix path/win32 perf_hooks process punycode"
    " querystring readline readline/promises repl stream stream/consumers stream/promises"
    " stream/web string_decoder sys timers timers/promises tls trace_events tty url util util/types"
    " v8 vm wasi worker_threads zlib".split()
)

# Modules that need `node:`.
NODE_ONLY_MODULES = ("node:sea", "node:sqlite", "node:test", "node:test/reporters")

# The members of the most common globals; a session returns those of the others.
MEMBERS: dict[str, tuple[str, ...]] = {
    "console": tuple(
        "assert clear count countReset debug dir dirxml error group groupCollapsed groupEnd info"
        " log table time timeEnd timeLog trace warn".split()
    ),
    "JSON": ("parse", "stringify"),
    "Math": tuple(
        "E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos acosh asin asinh atan atan2 atanh cbrt"
        " ceil clz32 cos cosh exp expm1 floor fround hypot imul log log10 log1p log2 max min pow"
        " random round sign sin sinh sqrt tan tanh trunc".split()
    ),
    "Object": tuple(
        "assign create defineProperties defineProperty entries freeze fromEntries"
        " getOwnPropertyDescriptor getOwnPropertyDescriptors getOwnPropertyNames"
        " getOwnPropertySymbols getPrototypeOf groupBy hasOwn is isExtensible isFrozen isSealed"
        " keys preventExtensions seal setPrototypeOf values".split()
    ),
    "Promise": ("all", "allSettled", "any", "race", "reject", "resolve", "withResolvers"),
    "Array": ("from", "fromAsync", "isArray", "of"),
    "Number": tuple(
        "EPSILON MAX_SAFE_INTEGER MAX_VALUE MIN_SAFE_INTEGER MIN_VALUE NEGATIVE_INFINITY NaN"
        " POSITIVE_INFINITY isFinite isInteger isNaN isSafeInteger parseFloat parseInt".split()
    ),
    "Reflect": tuple(
        "apply construct defineProperty deleteProperty get getOwnPropertyDescriptor getPrototypeOf"
        " has isExtensible ownKeys preventExtensions set setPrototypeOf".split()
    ),
    "Buffer": (
        "alloc",
        "allocUnsafe",
        "byteLength",
        "compare",
        "concat",
        "from",
        "isBuffer",
        "isEncoding",
    ),
    "process": tuple(
        "arch argv chdir cpuUsage cwd env execPath exit exitCode hrtime memoryUsage nextTick on"
        " once pid platform ppid release resourceUsage stderr stdin stdout title uptime version"
        " versions".split()
    ),
    "$$": tuple(
        "async clear config display done html input jpeg json mime png sendError sendResult svg"
        " text".split()
    ),
}

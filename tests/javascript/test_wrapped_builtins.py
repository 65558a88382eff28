"""What a package makes of built-ins stays from snippet to snippet: wrappers of tracing, fake timers, mocks of fs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher

# Each wraps a built-in by a function that counts its calls and passes them on.
WRAP = (
    "var calls = 0, wrap = (object, key) => {{ const original = object[key];"
    " object[key] = function wrapper(...given) {{ calls++; return Reflect.apply(original, this, given) }};"
    " return wrap.undo = () => {{ object[key] = original }} }}; wrap({object}, '{key}'); 'wrapped'"
)
WRAPPED = {
    "EventEmitter.prototype.on": "new (require('events'))().on('a', () => {})",
    "EventEmitter.prototype.emit": "new (require('events'))().emit('a')",
    "process.nextTick": "process.nextTick(() => {})",
    "process.emit": "process.emit('a')",
    "Promise.prototype.then": "Promise.resolve(1).then(() => {})",
    "Function.prototype.call": "(() => {}).call()",
    "Object.defineProperty": "Object.defineProperty({}, 'a', { value: 1 })",
    "Object.freeze": "Object.freeze({})",
    "console.log": "console.log('printed')",
    "globalThis.setTimeout": "setTimeout(() => {}, 0)",
    "JSON.stringify": "JSON.stringify([1])",
    "fs.readFileSync": "fs.readFileSync('/dev/null')",
    "Module._load": "require('zlib')",
}
NAMES = "var EventEmitter = require('events'), fs = require('fs'), Module = require('module')"
# As the fake timers of test frameworks: time stands still until tick().
FAKE_TIMERS = """
var clock = { install() {
    const real = { setTimeout, setInterval, setImmediate, Date, nextTick: process.nextTick, now: performance.now };
    const waiting = [];
    const wait = (action, delay, ...given) => waiting.push([delay ?? 0, () => action(...given)]);
    globalThis.setTimeout = globalThis.setInterval = wait;
    globalThis.setImmediate = (action, ...given) => wait(action, 0, ...given);
    globalThis.Date = class extends real.Date { static now() { return 0 } };
    process.nextTick = (action, ...given) => wait(action, 0, ...given);
    performance.now = () => 0;
    this.tick = () => { while (waiting.length > 0) waiting.shift()[1]() };
    this.uninstall = () => {
        const { nextTick, now, ...globals } = real;
        Object.assign(globalThis, globals);
        process.nextTick = nextTick;
        performance.now = now;
    };
} }; 'defined'
"""


@pytest.mark.parametrize("builtin", WRAPPED)
async def test_a_wrapper_stays(
    dispatch: Callable[..., Awaitable[Dispatcher]], builtin: str
) -> None:
    """A wrapper is called in later snippets, which run as before, and its package can take it away."""
    dispatcher = await dispatch()
    await shown(dispatcher, NAMES)
    of, _, key = builtin.rpartition(".")
    assert await shown(dispatcher, WRAP.format(object=of, key=key)) == "'wrapped'"
    assert await shown(dispatcher, "await 1 + 1") == "2"
    assert await shown(dispatcher, f"{builtin}.name") == "'wrapper'"
    called = await shown(dispatcher, f"var before = calls; {WRAPPED[builtin]}; calls > before")
    assert called == ("printed\ntrue" if builtin == "console.log" else "true")
    await shown(dispatcher, "wrap.undo()")
    assert await shown(dispatcher, f"{builtin}.name === 'wrapper'") == "false"
    assert await shown(dispatcher, "await 1 + 1") == "2"


async def test_fake_timers_stay_until_they_are_removed(
    dispatch: Callable[..., Awaitable[Dispatcher]],
) -> None:
    """Timers and process.nextTick that wait for a tick leave the session usable, and still wait in the next snippets."""
    dispatcher = await dispatch()
    assert await shown(dispatcher, " ".join(FAKE_TIMERS.split("\n"))) == "'defined'"
    assert await shown(dispatcher, "clock.install(); 1") == "1"
    start = "var ran = []; setTimeout(() => ran.push('timer'), 1e6); process.nextTick((one) => ran.push(one), 'tick')"
    await shown(dispatcher, start)
    assert await shown(dispatcher, "console.log('still here'); ran") == "still here\n[]"
    assert await shown(dispatcher, "[Date.now(), performance.now(), await 1]") == "[ 0, 0, 1 ]"
    assert await shown(dispatcher, "clock.tick(); ran") == "[ 'timer', 'tick' ]"
    assert await shown(dispatcher, "clock.uninstall(); Date.now() > 0") == "true"
    wait = "await new Promise((resolve) => setTimeout(() => process.nextTick(resolve, 'real'), 1))"
    assert await shown(dispatcher, wait) == "'real'"


# What Node.js may take out of itself, and what goes on without it.
INSIDES = (
    "delete process._fatalException; delete process.reallyExit; delete process._disconnect; delete process.binding;"
    " process._fatalException = process.reallyExit = process._disconnect = process.binding = undefined;"
)


async def test_the_prelude_does_without_each_of_nodes_insides(
    dispatch: Callable[..., Awaitable[Dispatcher]],
) -> None:
    """Where Node.js has none of the insides that the prelude hooks into, snippets run all the same."""
    dispatcher = await dispatch(mode="plain")
    await shown(dispatcher, INSIDES)
    await dispatcher.run_line("%mode full")
    assert await shown(dispatcher, "const a = await 1; a + 1") == "2"
    told = await shown(dispatcher, "process.exit(3)")
    assert "the snippet called process.exit(3)" in told
    assert await shown(dispatcher, "require('child_process').execSync('echo a').toString()") == (
        r"'a\n'"
    )
    assert await shown(dispatcher, "a") == "1"

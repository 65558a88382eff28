// What a hostile session runs, each as one line of the prompt: `//// group`, `// name`, and the snippet below it.
// @RAW@ stands for text that takes over a terminal. session_snippets.py reads this file, and says what is held.

//// answers that a snippet forges
// a line that is no JSON
const fs = require('fs'); for (let fd = 3; fd < 40; fd++) try { fs.writeSync(fd, '}{\n') } catch
{}
// a result of other types
const fs = require('fs'); for (let fd = 3; fd < 40; fd++) try { fs.writeSync(fd, '{"id": 1,
"mime": {"text/plain": 5}, "end": "no"}\n') } catch {}
// a prelude's answer of nulls
const fs = require('fs'); for (let fd = 3; fd < 40; fd++) try { fs.writeSync(fd, '{"id": 1,
"mime": {"text/plain": "noderepl:{\"id\":null}"}, "end": true}\n') } catch {}
// output that takes over a terminal
const fs = require('fs'); for (let fd = 3; fd < 40; fd++) try { fs.writeSync(fd,
JSON.stringify({ stdout: `@RAW@` }) + '\n') } catch {}
// 1,000,000 brackets
const fs = require('fs'); for (let fd = 3; fd < 40; fd++) try { fs.writeSync(fd, '['.repeat(1e6)
+ '\n') } catch {}
// 10,000 exits
const fs = require('fs'); for (let fd = 3; fd < 40; fd++) try { fs.writeSync(fd, '{"exit":
0}\n'.repeat(1e4)) } catch {}
// process' messages
process.emit('message', { id: 1, code: '0' }); process.emit('message', { id: 1e9, code:
'for(;;);' })
// process.send is another
process.send = () => { throw 1 }; process._send = null; 'sent'
// the answer twice
$$.sendResult({ 'text/plain': "'noderepl:{}'" }); $$.sendResult(5); 'again'
// a result that says noderepl:
'noderepl:{"kind":"value","id":1}'

//// files of the session
// pieces of 800 MB that are sparse
const fs = require('fs'); process.chdir('/mnt/data'); const w = fs.renameSync; fs.renameSync =
(a, b) => { w(a, b); try { fs.truncateSync(b, 8e8) } catch {} }; for (let i = 0; i < 6; i++) {
console.log(i); const t = Date.now(); while (Date.now() - t < 500); }
// every piece is a FIFO
const fs = require('fs'); process.chdir('/mnt/data'); setInterval(() => { for (const f of
fs.readdirSync('.')) if (f.startsWith('.noderepl-output')) { try { fs.unlinkSync(f);
require('child_process').execSync('mkfifo ' + f) } catch {} } }, 50); console.log(1); await new
Promise((r) => setTimeout(r, 2500))
// all files are deleted in a loop
const fs = require('fs'); process.chdir('/mnt/data'); for (const t = Date.now(); Date.now() - t
< 2000;) for (const f of fs.readdirSync('.')) fs.rmSync(f, { recursive: true, force: true });
'deleted'
// /mnt/data is renamed and locked
const fs = require('fs'); process.chdir('/mnt/data'); try { fs.chmodSync('.', 0) } catch {}; try
{ fs.renameSync('/mnt/data', '/mnt/other') } catch {}; 'locked'
// 2,000 files whose names take over a terminal
const fs = require('fs'); process.chdir('/mnt/data'); for (let i = 0; i < 2000; i++) try {
fs.writeFileSync(`${i}@RAW@`.slice(0, 80), '') } catch {}; 'written'
// 30,000 files
const fs = require('fs'); process.chdir('/mnt/data'); for (let i = 0; i < 30000; i++)
fs.writeFileSync('f' + i, ''); 'many'
// the disk is filled
const fs = require('fs'); process.chdir('/mnt/data'); try { for (let i = 0; ; i++)
fs.writeFileSync('full' + i, Buffer.alloc(1 << 26)) } catch (e) { e.code }

//// values
// a getter that throws
({ get a() { throw new Error('no') }, get [Symbol.toStringTag]() { throw 1 } })
// a proxy that throws at everything
new Proxy({}, new Proxy({}, { get() { throw new Error('trap') } }))
// inspect.custom that never ends
({ [Symbol.for('nodejs.util.inspect.custom')]() { for (;;); } })
// a text of 500 MB
'x'.repeat(5e8)
// tokens of 1 MB
'eyJ'.repeat(350000)
// 100,000 line breaks
console.log('\n'.repeat(1e5))
// depth of 100,000
let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; o
// an array of 2^32 - 1
new Array(2 ** 32 - 1)
// 100,000 keys
Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => ['k' + i, i]))
// a bigint of 100,000 digits
10n ** 100000n
// text that takes over a terminal
'@RAW@'
// the same as output
console.log('@RAW@'); console.error('@RAW@')
// the same as an error
const e = new Error('@RAW@'); e.name = '@RAW@'; e.stack = '@RAW@'; throw e
// the same as a symbol, a key and a class
({ [Symbol('@RAW@')]: 1, '@RAW@': Object.defineProperty(class {}, 'name', { value: '@RAW@' }) })
// a null prototype
Object.create(null, { toString: { value: null } })

//// errors
// a proxy
throw new Proxy(new Error('x'), { get() { throw 1 } })
// a stack that is an object
const e = new Error('x'); e.stack = { a: 1 }; throw e
// a stack of 5 MB
const e = new Error('x'); e.stack = 'x\n    at y:1:1\n'.repeat(2e5); throw e
// stderr that ends in 20,000 places
console.error('f.js:1\n'.repeat(20000) + 'Error: x\n    at y:1:1'); throw 1
// prepareStackTrace that throws
Error.prepareStackTrace = () => { throw new Error('again') }; null.x
// stackTraceLimit of infinity
Error.stackTraceLimit = Infinity; (function f() { f() })()
// 100 errors that come late
for (let i = 0; i < 100; i++) Promise.reject(new Error('late ' + i)); 1

//// replaced globals
// JSON
globalThis.JSON = new Proxy(function () {}, { get() { throw 1 } }); 'gone'
// Promise
globalThis.Promise = new Proxy(function () {}, { get() { throw 1 } }); 'gone'
// Object
globalThis.Object = new Proxy(function () {}, { get() { throw 1 } }); 'gone'
// String
globalThis.String = new Proxy(function () {}, { get() { throw 1 } }); 'gone'
// every method of every prototype
for (const c of [Array, String, Map, Set, RegExp, Promise, Function, Number]) for (const k of
Object.getOwnPropertyNames(c.prototype)) try { if (k !== 'constructor') c.prototype[k] = () => {
throw 1 } } catch {}; 'gone'
// Object.prototype has setters
for (const k of ['text', 'kind', 'id', 'then', 'toJSON'])
Object.defineProperty(Object.prototype, k, { get: () => 'odd', set() {}, configurable: true });
'set'
// Array.prototype[0] has a setter
Object.defineProperty(Array.prototype, 0, { set() { throw 1 }, get: () => 5 }); 'set'
// process.stdout
for (const k of ['stdout', 'stderr', 'stdin']) Object.defineProperty(process, k, { get() { throw
1 } }); 'gone'
// process
globalThis.process = undefined; globalThis.require = undefined; 'gone'
// fs
const f = require('fs'); for (const k of Object.keys(f)) if (typeof f[k] === 'function') f[k] =
() => { throw new Error('no') }; 'gone'
// everything is frozen
for (const k of Object.getOwnPropertyNames(globalThis)) try { Object.freeze(globalThis[k]) }
catch {}; 'frozen'

//// the process
// process.exit
process.exit(7)
// kill -9 itself
process.kill(process.pid, 'SIGKILL')
// kill -STOP itself
process.kill(process.pid, 'SIGSTOP')
// no memory is left
const a = []; for (;;) a.push(Buffer.alloc(1 << 24, 1))
// a stack without an end
(function f() { try { f() } finally { f() } })()
// many processes
for (let i = 0; i < 300; i++) try { require('child_process').spawn('sleep', ['9'], { detached:
true }).on('error', () => {}) } catch {}; 'forked'
// stdin is read for ever
require('fs').readSync(0, Buffer.alloc(9)); 'read'
// all descriptors are closed
for (let i = 0; i < 100; i++) try { require('fs').closeSync(i) } catch {}; 'closed'
// microtasks without an end
(function f() { Promise.resolve().then(f) })(); 1
// a regular expression that takes for ever
/^(a+)+$/.test('a'.repeat(40) + 'b')
// 20 workers that loop
for (let i = 0; i < 20; i++) new (require('worker_threads').Worker)('for(;;);', { eval: true
}).on('error', () => {}); 1

//// floods
// of stdout
for (;;) console.log('x'.repeat(100))
// of stderr
for (;;) console.error('x'.repeat(100))
// of both
for (;;) { console.log('o'); console.error('e') }
// of colours
for (;;) process.stdout.write('\x1b[31m\x1b[7m')
// of $$.display
for (let i = 0; i < 3000; i++) $$.html('<b>' + i); 1
// of $$.display of 1 MB
for (let i = 0; i < 20; i++) $$.html('x'.repeat(1e6)); 1

//// late output
// timers that throw for ever
setInterval(() => { throw new Error('late') }, 5); 1
// timers that print for ever
setInterval(() => console.log('x'.repeat(10000)), 5); 1
// timers that take over a terminal
setInterval(() => console.log('@RAW@'), 50); 1

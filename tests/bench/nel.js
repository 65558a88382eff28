// Measures NEL, the kernel itself, driven directly: argv is [NEL's directory, starts, executions].
// Prints {"starts": [ms], "rates": {sessions: executions per second}} as JSON.
"use strict";
const { Session } = require(process.argv[2]);
const [starts, executions] = process.argv.slice(3).map(Number);

const execute = (session) =>
    new Promise((resolve, reject) => session.execute("1+1", { onError: reject, afterRun: resolve }));
const end = (session) => session._server.kill("SIGKILL");

async function start() {
    const began = performance.now();
    const session = new Session();
    await execute(session);
    return [session, performance.now() - began];
}

async function rate(count) {
    const sessions = (await Promise.all(Array.from({ length: count }, start))).map(([session]) => session);
    const began = performance.now();
    await Promise.all(
        sessions.map(async (session) => {
            for (let n = 0; n < executions / count; n++) {
                await execute(session);
            }
        }),
    );
    const seconds = (performance.now() - began) / 1000;
    sessions.forEach(end);
    return executions / seconds;
}

async function main() {
    const took = [];
    for (let n = 0; n < starts; n++) {
        const [session, milliseconds] = await start();
        took.push(milliseconds);
        end(session);
    }
    const rates = { 1: await rate(1), 8: await rate(8), 64: await rate(64) };
    console.log(JSON.stringify({ starts: took, rates }));
}

main();

// Runs groups of snippets in NEL, the kernel itself, and prints what it answered.
//
// Contract with test_parity.py: argv is [NEL's directory, an empty directory to run in]; stdin is a JSON list of
// groups, each {"name", "snippets": [{"code", "lingers"}]}; stdout is a JSON object, group name -> one answer per
// snippet:
//   {"mime" | null, "error" | null, "stdout", "stderr", "displays", "requests", "later": {"stdout", "stderr"}}
//   or null if the kernel gave no answer.
// Each group has a session, and so a process, of its own. "later" is what came after the answer and before the next
// snippet was sent. After a snippet that lingers, some time passes before that.
"use strict";
const fs = require("fs");
const path = require("path");

const [nel, place] = process.argv.slice(2);
const { Session } = require(nel);
const LINGER = 300; // milliseconds
const NO_ANSWER = { true: 1000, false: 10000 }; // the same, by whether the snippet lingers
const AT_ONCE = 4;

function ask(session, { code, lingers }) {
    const later = { stdout: "", stderr: "" };
    const answer = { mime: null, error: null, stdout: "", stderr: "", displays: [], requests: [], later };
    let output = answer; // what takes the output
    return new Promise((resolve) => {
        const giveUp = setTimeout(resolve, NO_ANSWER[lingers], null);
        session.execute(code, {
            onSuccess: ({ mime }) => (answer.mime = mime ?? null),
            onError: ({ error }) => (answer.error = error),
            onStdout: (text) => (output.stdout += text),
            onStderr: (text) => (output.stderr += text),
            onDisplay: (display) => answer.displays.push(display),
            onRequest: (request) => answer.requests.push(request),
            afterRun: () => {
                output = later;
                clearTimeout(giveUp);
                setTimeout(resolve, lingers ? LINGER : 0, answer);
            },
        });
    });
}

async function runGroup({ name, snippets }) {
    const cwd = path.join(place, name);
    fs.mkdirSync(cwd);
    const session = new Session({ cwd });
    const answers = [];
    for (const snippet of snippets) {
        // A kernel that did not answer once answers no more.
        answers.push(answers.includes(null) ? null : await ask(session, snippet));
    }
    session._server.kill("SIGKILL");
    return [name, answers];
}

async function main() {
    const groups = JSON.parse(fs.readFileSync(0, "utf8"));
    const done = [];
    const worker = async () => {
        for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
            done.push(await runGroup(group));
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    process.stdout.write(JSON.stringify(Object.fromEntries(done)));
}

main();

// Samples the stack of the session while the snippet runs, by the inspector's profiler. It reports {"nodes": [[id,
// function, place, whether it is noderepl's, its own time in µs, [ids of its children]], …], "profile": the whole
// profile as JSON if request.instrument.save is true, otherwise null, "size": the number of nodes}. Places are those
// that stacks name. A profile of more than request.instrument.most nodes is not sent.
(function prof({ natives, primordials, name, post, stacks, bare, request }) {
    const { Map, Number, stringify } = natives;
    const { get, set } = primordials.Map;
    const { exec } = primordials.RegExp;
    const { find } = primordials.Array;
    const INTERVAL = 1000; // µs, as for `node --cpu-prof`
    let failure;
    let profile;

    function begin() {
        post("Profiler.enable");
        post("Profiler.setSamplingInterval", { interval: INTERVAL });
        post("Profiler.start", {}, (error) => (failure = error));
    }

    function report() {
        post("Profiler.stop", {}, (error, answer) => {
            failure ??= error;
            profile = answer?.profile;
        });
        post("Profiler.disable");
        if (failure || profile === undefined) {
            return undefined;
        }
        const { nodes } = profile;
        if (nodes.length > request.instrument.most) {
            return { nodes: [], profile: null, size: nodes.length };
        }
        const times = timesOf(profile);
        const script = ownScript();
        const rows = [];
        for (let index = 0; index < nodes.length; index++) {
            rows[index] = row(nodes[index], script, get(times, nodes[index].id) ?? 0);
        }
        return { nodes: rows, profile: request.instrument.save ? stringify(bare(profile)) : null, size: nodes.length };
    }

    // A sample stands for the time until the next one.
    function timesOf({ samples, timeDeltas }) {
        const times = new Map();
        for (let index = 0; index + 1 < samples.length; index++) {
            const before = get(times, samples[index]) ?? 0;
            set(times, samples[index], before + (timeDeltas[index + 1] > 0 ? timeDeltas[index + 1] : 0));
        }
        return times;
    }

    // Returns the inspector's id of the prelude's script, whose name differs from kernel to kernel.
    function ownScript() {
        let script;
        post("Runtime.evaluate", { expression: `${name}.run`, objectGroup: "prof" }, (_, { result }) => {
            post("Runtime.getProperties", { objectId: result.objectId }, (__, { internalProperties }) => {
                script = find(internalProperties, (one) => one.name === "[[FunctionLocation]]")?.value.value.scriptId;
            });
        });
        post("Runtime.releaseObjectGroup", { objectGroup: "prof" });
        return script;
    }

    function row({ id, callFrame, children }, script, time) {
        const isOwn = callFrame.scriptId === script || callFrame.url === stacks.own;
        locate(callFrame);
        const { functionName, url, lineNumber, columnNumber } = callFrame;
        const place = url === "" ? "" : `${url}:${lineNumber + 1}:${columnNumber + 1}`;
        return [id, functionName, place, isOwn, time, children ?? []];
    }

    // Positions in the text of a snippet as it was typed.
    function locate(frame) {
        const found = exec(/^repl-(\d+)$/, frame.url);
        const at = found && stacks.placeIn(Number(found[1]), frame.lineNumber + 1, frame.columnNumber + 1);
        if (at) {
            frame.url = at.label;
            frame.lineNumber = at.line - 1;
            frame.columnNumber = at.column - 1;
            if (frame.functionName === "" && at.line === 1 && at.column === 1) {
                frame.functionName = "(snippet)";
            }
        }
    }

    return { begin, report };
});

// Lists what is active in the session, and ends it. request.stop: null, the number of a job, or "all". It reports
// {"jobs": [{"number", "kind", "snippet", "delay", "text", "failure"}, …]}, those that it was asked to end if it was.
//
// Nothing is recorded when a job begins: the inspector finds the objects. Timers that were unref()ed are left out, as
// Node.js itself has many.
(function jobs({ natives, primordials, types, timers, instances, activeHandles, output, store, inspection, request }) {
    const { WeakMap, activeResources, apply, isArray, require } = natives;
    const { getOwnPropertyDescriptor, getOwnPropertySymbols, getPrototypeOf } = natives;
    const { find, includes, join } = primordials.Array;
    const { get, set } = primordials.WeakMap;
    const { includes: contains, slice } = primordials.String;
    const MOST = 1000;
    const MOST_STREAMS = 100; // of a process
    const ASYNC_ID = "function getAsyncId() { [native code] }";
    const LONGEST = 300; // characters
    const net = require("net");
    const { ChildProcess } = require("child_process");
    const { Socket: Datagram } = require("dgram");
    const EventEmitter = require("events");
    const { Worker } = require("worker_threads");
    const plain = (kind, stop) => ({ kind: () => kind, text: () => "", stop });
    const KINDS = [
        [timers.Timeout, { kind: timerKind, text: () => "", stop: timers.clearTimeout }],
        [timers.Immediate, plain("immediate", timers.clearImmediate)],
        [net.Server.prototype, { kind: serverKind, text: serverAddress, stop: endServer }],
        [net.Socket.prototype, { kind: () => "socket", text: peer, stop: (one) => one.destroy() }],
        [Datagram.prototype, { kind: () => "UDP socket", text: datagramAddress, stop: (one) => one.close() }],
        [ChildProcess.prototype, { kind: () => "process", text: command, stop: (one) => one.kill() }],
        ["FSWatcher", plain("watcher", (one) => one.close())], // Node.js does not export these classes
        ["StatWatcher", plain("watcher", (one) => one.stop())],
        [Worker.prototype, { kind: () => "worker", text: thread, stop: (one) => one.terminate() }],
    ];

    function report() {
        store.numbers ??= new WeakMap();
        store.latest ??= 0;
        const { stop } = request;
        const all = found();
        const chosen = [];
        for (let index = 0; index < all.length && chosen.length < MOST; index++) {
            if (stop === null || stop === "all" || stop === all[index].number) {
                chosen[chosen.length] = all[index];
            }
        }
        const listed = [];
        for (let index = 0; index < chosen.length; index++) {
            const { entry, object, number, snippet } = chosen[index];
            const delay = dataOf(object, "_idleTimeout");
            const hasDelay = typeof delay === "number" && delay >= 0;
            const job = { number, snippet, kind: entry.kind(object), delay: hasDelay ? delay : null };
            job.text = slice(`${attempt(() => entry.text(object)) ?? ""}`, 0, LONGEST);
            job.failure = stop === null ? "" : ended(entry, object, all);
            listed[index] = job;
        }
        return { jobs: listed };
    }

    // The jobs in the order in which they were made; each keeps its number.
    function found() {
        const objects = [];
        add(objects, instances(timers.Timeout));
        if (includes(activeResources(), "Immediate")) {
            add(objects, instances(timers.Immediate));
        }
        add(objects, instances(EventEmitter.prototype));
        const streams = streamsOf(objects);
        const all = [];
        for (let index = 0; index < objects.length; index++) {
            const object = objects[index];
            const entry = isActive(object) && !includes(streams, object) ? entryOf(object) : undefined;
            const id = entry && idOf(object);
            const snippet = entry && snippetOf(object, id);
            if (entry !== undefined && snippet !== 0) {
                let at = all.length;
                for (; at > 0 && all[at - 1].id > id; at--) {
                    all[at] = all[at - 1];
                }
                all[at] = { id, entry, object, snippet: snippet ?? null };
            }
        }
        for (let index = 0; index < all.length; index++) {
            const { object } = all[index];
            if (get(store.numbers, object) === undefined) {
                set(store.numbers, object, (store.latest += 1));
            }
            all[index].number = get(store.numbers, object);
        }
        return all;
    }

    function add(objects, more) {
        for (let index = 0; index < more.length; index++) {
            objects[objects.length] = more[index];
        }
    }

    function entryOf(object) {
        for (let index = 0; index < KINDS.length; index++) {
            const { 0: type, 1: entry } = KINDS[index];
            if (typeof type === "string" ? nameOf(object) === type : inherits(object, type)) {
                return entry;
            }
        }
        return undefined;
    }

    function nameOf(object) {
        const parent = getPrototypeOf(object);
        return dataOf(dataOf(parent, "constructor") ?? parent, "name");
    }

    function inherits(object, prototype) {
        let parent = getPrototypeOf(object);
        while (parent !== null && parent !== prototype && !types.isProxy(parent)) {
            parent = getPrototypeOf(parent);
        }
        return parent === prototype;
    }

    // The streams of child processes, and of the session itself.
    function streamsOf(objects) {
        const streams = [];
        for (let index = 0; index < objects.length; index++) {
            const stdio = inherits(objects[index], ChildProcess.prototype) ? dataOf(objects[index], "stdio") : [];
            add(streams, isArray(stdio) && !types.isProxy(stdio) && stdio.length <= MOST_STREAMS ? stdio : []);
        }
        return streams;
    }

    function isActive(object) {
        const { Timeout, Immediate } = timers;
        if (inherits(object, Timeout) || inherits(object, Immediate)) {
            return dataOf(object, "_destroyed") === false && symbolOf(object, "refed") === true;
        }
        const handle = handleOf(object);
        const fd = handle && engineValue(handle, "fd");
        return handle !== undefined && !(typeof fd === "number" && fd >= 0 && fd <= 2);
    }

    function handleOf(object) {
        const state = symbolOf(object, "state symbol");
        return (
            objectOf(dataOf(state, "handle")) ??
            objectOf(symbolOf(object, "kHandle")) ??
            objectOf(dataOf(object, "_handle"))
        );
    }

    function objectOf(value) {
        return typeof value === "object" && value !== null && !types.isProxy(value) ? value : undefined;
    }

    function idOf(object) {
        const id = symbolOf(object, "asyncId");
        return typeof id === "number" ? id : (attempt(() => idOfHandle(handleOf(object))) ?? -1);
    }

    function idOfHandle(handle) {
        const method = propertyOf(handle, "getAsyncId")?.value;
        return inspection.sourceOf(method) === ASYNC_ID ? apply(method, handle, []) : undefined;
    }

    // Returns data, or what a getter of the engine returns; runs no code of a snippet.
    function engineValue(object, key) {
        const { get: getter, value } = propertyOf(object, key) ?? {};
        return getter !== undefined && inspection.isEngines(getter) ? apply(getter, object, []) : value;
    }

    function propertyOf(object, key) {
        let owner = object;
        while (owner !== null && !types.isProxy(owner)) {
            const property = getOwnPropertyDescriptor(owner, key);
            if (property !== undefined) {
                return property;
            }
            owner = getPrototypeOf(owner);
        }
        return undefined;
    }

    // From Node.js 24 on, a timer knows its snippet; before, it knows what has started it.
    function snippetOf(object, id) {
        const frame = symbolOf(object, "kAsyncContextFrame");
        const trigger = numberOf(symbolOf(object, "triggerId"));
        const known = frame && output.numbers ? primordials.Map.get(frame, output.numbers) : undefined;
        return known ?? ((trigger && activeHandles.snippetOf(trigger)) || activeHandles.snippetOf(id));
    }

    function dataOf(object, key) {
        const isOwner = (typeof object === "object" && object !== null) || typeof object === "function";
        return isOwner && !types.isProxy(object) ? getOwnPropertyDescriptor(object, key)?.value : undefined;
    }

    function numberOf(value) {
        return typeof value === "number" ? value : undefined;
    }

    function symbolOf(object, description) {
        const key = find(getOwnPropertySymbols(object), (one) => one.description === description);
        return key && dataOf(object, key);
    }

    function timerKind(timer) {
        return dataOf(timer, "_repeat") === null ? "timeout" : "interval";
    }

    function serverKind(server) {
        const isOf = (name) => inherits(server, require(name).Server.prototype);
        return isOf("http") ? "HTTP server" : isOf("https") ? "HTTPS server" : "server";
    }

    function serverAddress(server) {
        const at = apply(net.Server.prototype.address, server, []);
        return typeof at === "string" ? at : written(at.address, at.port);
    }

    function peer(socket) {
        const part = (key) => apply(getOwnPropertyDescriptor(net.Socket.prototype, key).get, socket, []);
        const isServers = dataOf(socket, "server");
        return `${isServers ? "from" : "to"} ${written(part("remoteAddress"), part("remotePort"))}`;
    }

    function datagramAddress(socket) {
        const { address, port } = apply(Datagram.prototype.address, socket, []);
        return written(address, port);
    }

    function written(address, port) {
        return `${contains(address, ":") ? `[${address}]` : address}:${port}`;
    }

    function command(child) {
        const words = dataOf(child, "spawnargs");
        const areTexts = isArray(words) && !types.isProxy(words) && words.length <= MOST && !find(words, isNoText);
        return `${numberOf(dataOf(child, "pid"))} ${areTexts ? join(words, " ") : ""}`;
    }

    function isNoText(word) {
        return typeof word !== "string";
    }

    function thread(worker) {
        return `thread ${apply(getOwnPropertyDescriptor(Worker.prototype, "threadId").get, worker, [])}`;
    }

    // Ends the connections of a server too, which would keep it.
    function endServer(server, all) {
        server.close();
        server.closeAllConnections?.();
        for (let index = 0; index < all.length; index++) {
            if (dataOf(all[index].object, "server") === server) {
                all[index].object.destroy();
            }
        }
    }

    // Ends a job. Returns why that failed, or "".
    function ended(entry, object, all) {
        try {
            entry.stop(object, all);
            return "";
        } catch (error) {
            return slice(`${attempt(() => error.message) ?? "an error"}`, 0, LONGEST);
        }
    }

    function attempt(action) {
        try {
            return action();
        } catch {
            return undefined;
        }
    }

    return { report };
});

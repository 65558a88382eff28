// Calls the snippet in a loop: the loops of a repeat are chosen so that all repeats fit into two seconds. It reports
// {"loops": of a repeat, "runs": [ms of each repeat]}.
(function timeit({ types, now, request }) {
    const { isPromise } = types;
    const REPEATS = 7;
    const TOTAL = request.seconds > 2.5 ? 2000 : request.seconds * 800; // ms
    const WARM = 20; // ms of a loop after which its duration is known
    const MOST = 1e9;
    const sink = [undefined]; // receives each value, so that the engine cannot omit the work
    const runs = [];
    let loops = 1;
    let end;
    let isWarm = false;

    function measured(body) {
        const began = now();
        end = began + TOTAL;
        const first = body();
        if (isPromise(first)) {
            return inTurn(body, began, first);
        }
        sink[0] = first;
        for (let count = next(now() - began); count > 0;) {
            const from = now();
            for (let index = 0; index < count; index++) {
                sink[0] = body();
            }
            count = next(now() - from);
        }
        return undefined;
    }

    async function inTurn(body, began, first) {
        sink[0] = await first;
        for (let count = next(now() - began); count > 0;) {
            const from = now();
            for (let index = 0; index < count; index++) {
                sink[0] = await body();
            }
            count = next(now() - from);
        }
    }

    // Returns the number of loops to do next, 0 for none. took: ms of the latest loops.
    function next(took) {
        // The engine has compiled the loop meanwhile, and a repeat is too short now.
        isWarm &&= runs.length > 0 || took >= WARM;
        if (isWarm) {
            runs[runs.length] = took;
        } else if (took < WARM && loops < MOST) {
            loops *= took < WARM / 10 ? 10 : 2;
            return loops;
        } else {
            isWarm = true;
            const each = took / loops;
            const count = rounded((end - now()) / REPEATS / each);
            if (now() + each * count > end) {
                runs[0] = took; // nothing but this is measured
                return 0;
            }
            loops = count;
            took = each * count;
        }
        return runs.length < REPEATS && now() + took <= end ? loops : 0;
    }

    // Returns the greatest 1, 2 or 5 times a power of ten that is not above a number; at least 1.
    function rounded(number) {
        let unit = 1;
        while (unit * 10 <= number) {
            unit *= 10;
        }
        return number >= unit * 5 ? unit * 5 : number >= unit * 2 ? unit * 2 : unit;
    }

    return { measured, report: () => (runs.length > 0 ? { loops, runs } : undefined) };
});

// What completion offers of a session: names of variables, members of values, packages. Nothing here has an effect that
// a snippet could see: an expression is evaluated only if V8 finds it free of side effects. Of a chain of names no
// getter of a snippet is called, and no trap of a proxy.
//
// names(): the variables that snippets have made (variables.js). members($$, {expression}) answers with {"kind":
// "offers", "offers": [[name, description], …]}, own members first, then those of each prototype unless isOwn is true;
// packages($$, {package}) and exports($$, {module}) answer likewise; variables($$, {}) with the rows of variables.js.
//
// withOwnStacks(action): does it while errors get the prelude's stacks. file(): the file name of what runs.
// namespaceOf(specifier): that of a module that a snippet has imported.
(function completion({
    realm,
    primordials,
    parts,
    name: api,
    post,
    valueOf,
    lexicalNames,
    withOwnStacks,
    file,
    namespaceOf,
}) {
    const { Array, Function, JSON, Map, Object, Reflect, Set } = realm;
    const { apply, defineProperty, ownKeys } = Reflect;
    const { assign, getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, setPrototypeOf } = Object;
    const { getBuiltinModule = realm.require } = realm.process; // Node.js 20.0 has no getBuiltinModule()
    const { builtinModules } = realm.require("module").Module;
    const { isModuleNamespaceObject, isNativeError, isProxy } = realm.require("util/types");
    const { includes: isIn } = primordials.Array;
    const { exec } = primordials.RegExp;
    const { add, has } = primordials.Set;
    const forEachEntry = primordials.uncurried(Map.prototype.forEach);
    const { slice: sliceText, startsWith } = primordials.String;
    const { isArray } = Array;
    const { stringify } = JSON;
    const forEach = primordials.uncurried(Array.prototype.forEach);
    const sort = primordials.uncurried(Array.prototype.sort);
    const sourceOf = primordials.uncurried(Function.prototype.toString);
    const LONGEST = 200; // characters of a name
    const MILLISECONDS = 100; // of an evaluation
    const OWN = /^(?:length|name|prototype|arguments|caller)$/; // of each function
    const INDEX = /^\d+$/;
    const CHAIN = /^\s*[A-Za-z_$][\w$]*(?:\s*\??\.\s*[A-Za-z_$][\w$]*)*\s*$/;
    const STEP = /[\w$]+/g;
    const WARNS = /Storage$|^(?:sys|punycode|wasi|_[a-z]+_[a-z]+)$/; // Node.js warns if one is read
    const LAZY = /^get\b[^{]*\{[^}]*\blazyWebCrypto\b/; // the source of the getter of crypto.webcrypto
    const LOADED = "() => lib"; // Node's getter of a module that was used
    const CLASS = /^class\b/;
    const NATIVE = /^function get [^{]*\{ \[native code\] \}$/; // a bound function has no name
    const NONE = new Set();
    const { Session } = realm.require("inspector");
    const debuggers = {
        Session,
        connect: primordials.uncurried(Session.prototype.connect),
        disconnect: primordials.uncurried(Session.prototype.disconnect),
        postTo: primordials.uncurried(Session.prototype.post),
    };
    const installed = parts.packages({ realm, primordials, file, attempt });
    const { MOST, hasNoProxy, lengthOf, sizeOf } = parts.sizes({ realm, primordials });
    const { oneLine } = parts.one_line({ realm, primordials, lengthOf });
    // The getters by which Node.js loads parts of itself at the first use.
    const loading = new Set();
    forEach(["fs", "stream", "timers", "readline"], (word) => trust(realm.require(word), ["promises"]));

    const values = { attempt, descriptorOf, evaluated, isLoading, oneLine, sizeOf, typeOf };
    const variables = parts.variables({ realm, primordials, builtinModules, lexicalNames, LONGEST, MOST, ...values });
    const { initial, foresee, makers, names } = variables;
    forEachEntry(initial, trustGetter);

    // The module crypto takes as long to load as half of the prelude. It is loaded here, and only for what may be its
    // getter, which snippets cannot replace.
    function isLoading(getter) {
        const ofCrypto = () => descriptorOf(getBuiltinModule("crypto"), "webcrypto").get === getter;
        const mayBe = () => typeof getter === "function" && exec(LAZY, sourceOf(getter)) !== null;
        return has(loading, getter) || (mayBe() && attempt(ofCrypto) === true);
    }

    function trust(object, properties) {
        forEach(properties, (key) => trustGetter(getOwnPropertyDescriptor(object, key), key));
    }

    function trustGetter(descriptor, key) {
        if (descriptor?.get !== undefined && exec(WARNS, key) === null) {
            add(loading, descriptor.get);
        }
    }

    // tree, names: those of preview.js if the expression has operators, functions or calls.
    function members(kernel, { expression, isOwn, tree, names: words }) {
        const listed = (value) => membersOf(value, isOwn);
        const computed = () => previews.computedBy({ tree, names: words }, listed) ?? [];
        const value = () => (exec(CHAIN, expression) === null ? evaluated(expression) : walked(expression));
        respond(kernel, tree === undefined ? listed(value()) : computed());
    }

    // The value of a chain of names; undefined if a step would run code of a snippet.
    function walked(chain) {
        STEP.lastIndex = 0;
        let value = realm;
        let isRoot = true;
        for (let step = exec(STEP, chain); step !== null; step = exec(STEP, chain)) {
            const key = step[0];
            const isVariable = isRoot && has(lexicalNames(), key);
            value = isVariable ? evaluated(key) : read(Object(value), key, sliceText(chain, 0, STEP.lastIndex));
            if (value === undefined || value === null) {
                return value;
            }
            isRoot = false;
        }
        return value;
    }

    // chain: the expression of that property, for an accessor of the engine.
    function read(owner, key, chain) {
        let object = owner;
        while (object !== null && !isProxy(object)) {
            const descriptor = descriptorOf(object, key);
            if (descriptor !== undefined) {
                const { get: getter, value } = descriptor;
                if (getter === undefined || isLoading(getter)) {
                    return getter === undefined ? value : attempt(() => apply(getter, owner, []));
                }
                const isLoaded = sourceOf(getter) === LOADED && isIn(builtinModules, key);
                return isLoaded ? getBuiltinModule(key) : isEngines(getter) ? evaluated(chain) : undefined;
            }
            object = getPrototypeOf(object);
        }
        return undefined;
    }

    function isEngines(getter) {
        return getter !== undefined && exec(NATIVE, sourceOf(getter)) !== null;
    }

    // V8 makes the stack of an error, by a snippet's function, even to describe the property.
    function descriptorOf(object, key) {
        const found = key === "stack" ? undefined : attempt(() => getOwnPropertyDescriptor(object, key));
        return found && setPrototypeOf(found, null);
    }

    // The value of an expression that has no side effect. The inspector must get neither the value nor an error, as it
    // reads properties to describe them.
    function evaluated(expression) {
        return thunkOf(expression)?.();
    }

    // Returns a function that returns the value, undefined if there is no value.
    function thunkOf(expression) {
        let thunk;
        const take = (failure, answer) => {
            if (!failure && answer.exceptionDetails === undefined) {
                thunk = valueOf(answer.result);
            }
        };
        const how = { objectGroup: "completion", silent: true, throwOnSideEffect: true, timeout: MILLISECONDS };
        const tried = `(() => { try { return [(${expression}\n)]; } catch {} })()`;
        const wrapped = `((list) => list && (() => list[0]))(${tried})`;
        withOwnStacks(() => post("Runtime.evaluate", { ...how, expression: wrapped }, take));
        post("Runtime.releaseObjectGroup", { objectGroup: "completion" });
        return typeof thunk === "function" ? thunk : undefined;
    }

    function respond(kernel, offers) {
        for (let index = 0; index < offers.length; index++) {
            setPrototypeOf(offers[index], null);
        }
        setPrototypeOf(offers, null); // stringify() calls a toJSON of Array.prototype
        kernel.async();
        kernel.text(`noderepl:${stringify({ __proto__: null, kind: "offers", offers })}`);
    }

    // onlyOwn: whether those of prototypes are omitted.
    function membersOf(value, onlyOwn) {
        const offers = [];
        const seen = new Set();
        let object = value === undefined || value === null ? null : Object(value);
        for (let isOwn = true; object !== null && !isProxy(object); isOwn = false) {
            const found = keysOf(object, seen);
            if (!isOwn || typeof value === "function") {
                sort(found);
            }
            for (let index = 0; index < found.length && offers.length < MOST; index++) {
                add(seen, found[index]);
                offers[offers.length] = [found[index], described(object, found[index])];
            }
            object = onlyOwn ? null : getPrototypeOf(object);
        }
        return offers;
    }

    // Without indices, of which there may be millions, and without the old forms of Object's functions.
    function keysOf(object, seen = NONE) {
        const length = lengthOf(object);
        if (length > MOST) {
            return length === Infinity ? [] : ["length"];
        }
        const all = getOwnPropertyNames(object);
        const found = [];
        for (let index = 0; index < all.length && found.length < MOST; index++) {
            const key = all[index];
            if (key.length <= LONGEST && !has(seen, key) && !startsWith(key, "__") && exec(INDEX, key) === null) {
                found[found.length] = key;
            }
        }
        return found;
    }

    function described(object, key) {
        const descriptor = descriptorOf(object, key);
        if (descriptor === undefined && isModuleNamespaceObject(object)) {
            return "uninitialized";
        }
        return descriptor !== undefined && "value" in descriptor ? typeOf(descriptor.value) : "accessor";
    }

    function typeOf(value) {
        if (typeof value === "function") {
            const isClass = !isProxy(value) && exec(CLASS, sliceText(sourceOf(value), 0, 6)) !== null;
            return isClass ? "class" : `function(${numberOf(value, "length")})`;
        }
        if (typeof value === "string") {
            return `string(${value.length})`;
        }
        if (typeof value !== "object" || value === null || isProxy(value)) {
            return value === null ? "null" : typeof value;
        }
        return isArray(value) ? `array(${value.length})` : classOf(value);
    }

    function classOf(value) {
        if (isModuleNamespaceObject(value)) {
            return "Module";
        }
        const prototype = getPrototypeOf(value);
        const made = prototype === null || isProxy(prototype) ? null : dataOf(prototype, "constructor");
        const name = typeof made === "function" && !isProxy(made) ? dataOf(made, "name") : undefined;
        return typeof name === "string" && name.length > 0 && name.length <= LONGEST ? name : "object";
    }

    function numberOf(value, key) {
        const number = isProxy(value) ? undefined : dataOf(value, key);
        return typeof number === "number" ? number : "";
    }

    function dataOf(object, key) {
        return descriptorOf(object, key)?.value;
    }

    function packages(kernel, { package: word }) {
        let found = [];
        withOwnStacks(() => (found = installed.offered(word)));
        respond(kernel, found);
    }

    function exports(kernel, { module }) {
        let found = namespaceOf(module);
        withOwnStacks(() => (found ??= attempt(() => builtin(module)) ?? attempt(() => installed.loaded(module))));
        respond(kernel, found === undefined ? [] : ownMembers(found));
    }

    // Node.js warns if some modules are loaded, and `domain` changes the process.
    function builtin(module) {
        const word = startsWith(module, "node:") ? sliceText(module, 5) : module;
        const isQuiet = exec(WARNS, word) === null && word !== "domain";
        return isQuiet && isIn(builtinModules, word) ? getBuiltinModule(word) : undefined;
    }

    function ownMembers(value) {
        const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
        const keys = isObject && !isProxy(value) ? keysOf(value) : [];
        const found = [];
        for (let index = 0; index < keys.length; index++) {
            if (exec(OWN, keys[index]) === null || typeof value !== "function") {
                found[found.length] = [keys[index], described(value, keys[index])];
            }
        }
        return found;
    }

    function attempt(action) {
        try {
            return action();
        } catch {
            return undefined;
        }
    }

    // sent: description.js and what it uses.
    function describe(kernel, request, sent, root, steps, made) {
        const saved = { Object, assign, attempt, getOwnPropertyNames, getPrototypeOf, setPrototypeOf, stringify };
        const shown = {
            classOf,
            hasNoProxy,
            lengthOf,
            descriptorOf,
            isNativeError,
            isProxy,
            keysOf,
            preview: line,
            sourceOf,
            typeOf,
        };
        const known = {
            ...debuggers,
            defineProperty,
            ownKeys,
            builtinModules,
            getBuiltinModule,
            initial,
            lexicalNames,
            isLoading,
            makers,
        };
        const tools = { realm, primordials, post, ...installed, ...saved, ...shown, ...known };
        withOwnStacks(() => sent.description(tools, sent)(kernel, request, root, steps, made));
    }

    function line(value, most = LONGEST) {
        return oneLine(value, most);
    }

    const { find, forget, latest, remove } = variables;
    const inspection = { find, forEachEntry, forget, isEngines, names: latest, preview: line, remove };
    assign(inspection, { attempt, lengthOf, sizeOf, sourceOf, typeOf });
    const inspector = { name: api, post, thunkOf, isLoading, lexicalNames, withOwnStacks };
    const previews = parts.preview({ realm, primordials, parts, oneLine, ...inspector });
    const listed = (kernel) => respond(kernel, variables.rows());
    const { computed, preview } = previews;
    return { names, foresee, members, packages, exports, variables: listed, describe, preview, computed, inspection };
});

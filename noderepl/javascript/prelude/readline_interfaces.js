// The interfaces of the module readline that read standard input, and their questions.
//
// reads(one): whether an interface reads it. touch() is called if a snippet makes one or asks a question.
(function readlineInterfaces({ realm, primordials, reads, touch }) {
    const { Proxy, Reflect, Set } = realm;
    const { syncBuiltinESMExports } = realm.require("module");
    const readline = realm.require("readline");
    const { apply, ownKeys } = Reflect;
    const { add, clear, delete: remove, forEach } = primordials.Set;
    const { endsWith } = primordials.String;
    const interfaces = new Set();
    const questions = new Set(); // interfaces that wait for the answer to a question
    let depth = 0; // of calls of createInterface()
    wrap(readline);
    wrap(readline.promises);
    syncBuiltinESMExports();

    function wrap(module) {
        const { createInterface, Interface } = module;
        module.createInterface = new Proxy(createInterface, {
            __proto__: null,
            apply(target, self, given) {
                depth += 1;
                try {
                    const made = apply(target, self, given);
                    if (reads(made)) {
                        touch();
                        add(interfaces, made);
                    }
                    return made;
                } finally {
                    depth -= 1;
                }
            },
        });
        Interface.prototype.question = new Proxy(Interface.prototype.question, {
            __proto__: null,
            apply(target, self, given) {
                if (reads(self)) {
                    touch();
                    add(questions, self);
                }
                return apply(target, self, given);
            },
        });
    }

    // Whether one has a question or a listener of its lines.
    function doRead() {
        let isOne = questions.size > 0;
        forEach(interfaces, (one) => {
            if (one.closed === true) {
                remove(interfaces, one);
                remove(questions, one);
            } else {
                isOne ||= one.listenerCount("line") > 0;
            }
        });
        return isOne;
    }

    // Lets other questions be asked.
    function forgetQuestions() {
        forEach(questions, forget);
        clear(questions);
    }

    function forget(one) {
        const keys = ownKeys(one);
        for (let index = 0; index < keys.length; index++) {
            if (typeof keys[index] === "symbol" && endsWith(keys[index].description ?? "", "uestionCallback")) {
                one[keys[index]] = null;
            }
        }
    }

    return {
        areMade: () => depth > 0,
        answered: () => clear(questions),
        doRead,
        forgetQuestions,
        isAny: () => interfaces.size > 0,
    };
});

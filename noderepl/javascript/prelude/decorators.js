// Decorators (TC39) of classes, as the edits of ../decorators.py call them.
//
// decorations(decorators, name) of a class: add() is called in the computed key of each member and returns that key;
// apply() in the class's first static block applies all decorators and returns the class; start() is called as an
// instance begins, initial() for the value of a field, after() behind it, end() behind the class's last static field.
(function decorators({ realm }) {
    const { Object, Reflect, String, Symbol, TypeError } = realm;
    const { create, defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf } = Object;
    const { apply: call, deleteProperty } = Reflect;
    const hidden = Symbol.for("Symbol.metadata");
    const NOUNS = { __proto__: null, getter: "get ", setter: "set " };
    const PARTS = { __proto__: null, getter: "get", setter: "set", method: "value" };

    function decorations(own, name) {
        const members = [];
        const onStart = [];
        const onStatic = [];
        const onEnd = [];
        let metadata;
        let original;

        function add(given, index, kind, isStatic, key, access = null, storage = null) {
            const isPrivate = access !== null;
            const word = isPrivate ? key : keyOf(key);
            const hasPlaceholder = kind === "accessor" || isPrivate;
            const placed = hasPlaceholder ? Symbol(String(word)) : word;
            members[index] = {
                __proto__: null,
                given: checked(given),
                kind,
                isStatic,
                isPrivate,
                name: word,
                placed,
                hasPlaceholder,
                access: access ?? publicAccess(kind, word),
                storage,
                initial: [],
                extra: [],
                made: { __proto__: null },
            };
            return placed;
        }

        function apply(constructor) {
            original = constructor;
            const symbol = Symbol.metadata ?? hidden;
            metadata = create(getPrototypeOf(constructor)?.[symbol] ?? null);
            forEachMember((member) => take(member, constructor));
            for (const isField of [false, true]) {
                for (const isStatic of [true, false]) {
                    forEachMember((member) => {
                        if ((member.kind === "field") === isField && member.isStatic === isStatic) {
                            decorate(member, isStatic ? constructor : constructor.prototype);
                        }
                    });
                }
            }
            const result = own.length > 0 ? decorateClass(constructor) : constructor;
            const enumerable = symbol !== hidden;
            const how = { __proto__: null, configurable: true, writable: true, enumerable, value: metadata };
            defineProperty(result, symbol, how);
            run(onStatic, result);
            return result;
        }

        function forEachMember(action) {
            for (let index = 0; index < members.length; index++) {
                action(members[index]);
            }
        }

        // The function of a private member from its public place, and the place itself away.
        function take(member, constructor) {
            if (member.hasPlaceholder) {
                const isMethod = member.kind !== "field" && member.kind !== "accessor";
                const place = isMethod && !member.isStatic ? constructor.prototype : constructor;
                const found = getOwnPropertyDescriptor(place, member.placed);
                deleteProperty(place, member.placed);
                if (isMethod) {
                    const part = PARTS[member.kind];
                    const value = `${NOUNS[member.kind] ?? ""}${member.name}`;
                    defineProperty(found[part], "name", { __proto__: null, configurable: true, value });
                    member.made[part] = found[part];
                }
            }
        }

        function decorate(member, target) {
            const { kind, name: key, isPrivate, made, storage } = member;
            const part = PARTS[kind];
            let found = null;
            if (kind === "accessor") {
                const { isStatic } = member;
                made.get = function () {
                    return storage.get(isStatic ? original : this);
                };
                made.set = function (value) {
                    storage.set(isStatic ? original : this, value);
                };
                defineProperty(made.get, "name", { __proto__: null, configurable: true, value: `get ${textOf(key)}` });
                defineProperty(made.set, "name", { __proto__: null, configurable: true, value: `set ${textOf(key)}` });
            } else if (part !== undefined && !isPrivate) {
                found = getOwnPropertyDescriptor(target, key);
                made[part] = found[part];
            }
            applyAll(member, part);
            if (isPrivate || kind === "field") {
                return;
            }
            if (found !== null) {
                defineProperty(target, key, { ...found, [part]: made[part], __proto__: null });
            } else {
                const how = { __proto__: null, configurable: true, enumerable: false, get: made.get, set: made.set };
                defineProperty(target, key, how);
            }
        }

        function applyAll(member, part) {
            const { given, kind, made } = member;
            const extra = kind === "field" || kind === "accessor" ? member.extra : member.isStatic ? onStatic : onStart;
            for (let index = given.length - 1; index >= 0; index--) {
                const state = { __proto__: null, isDone: false };
                const context = contextOf(member, adder(extra, state));
                const value = part ? made[part] : kind === "accessor" ? { get: made.get, set: made.set } : undefined;
                const result = call(given[index], undefined, [value, context]);
                state.isDone = true;
                if (kind === "accessor") {
                    takeAccessor(member, result);
                } else if (kind === "field") {
                    takeInitial(member, result);
                } else {
                    made[part] = needed(result) ?? made[part];
                }
            }
        }

        function takeAccessor(member, result) {
            if (result === undefined) {
                return;
            }
            if (result === null || typeof result !== "object") {
                throw new TypeError("Object expected");
            }
            member.made.get = needed(result.get) ?? member.made.get;
            member.made.set = needed(result.set) ?? member.made.set;
            takeInitial(member, result.init);
        }

        function takeInitial(member, result) {
            const initial = needed(result);
            if (initial !== undefined) {
                member.initial = [initial, ...member.initial];
            }
        }

        function contextOf({ kind, name: word, isStatic, isPrivate, access }, addInitializer) {
            return {
                kind,
                name: word,
                static: isStatic,
                private: isPrivate,
                access: { ...access },
                metadata,
                addInitializer,
            };
        }

        function decorateClass(constructor) {
            let result = constructor;
            for (let index = own.length - 1; index >= 0; index--) {
                const state = { __proto__: null, isDone: false };
                const context = { kind: "class", name, metadata, addInitializer: adder(onEnd, state) };
                result = needed(call(own[index], undefined, [result, context])) ?? result;
                state.isDone = true;
            }
            return result;
        }

        checked(own);
        return freeze({
            __proto__: null,
            add,
            apply,
            start: (instance) => run(onStart, instance),
            initial(index, self, ...value) {
                const { initial } = members[index];
                let result = value[0];
                for (let each = 0; each < initial.length; each++) {
                    result = call(initial[each], self, [result]);
                }
                return result;
            },
            after: (index, self) => run(members[index].extra, self),
            end: (constructor) => run(onEnd, constructor),
            value: (index) => members[index].made.value,
            get: (index, self) => call(members[index].made.get, self, []),
            set: (index, self, value) => call(members[index].made.set, self, [value]),
        });
    }

    function keyOf(key) {
        return typeof key === "symbol" ? key : String(key);
    }

    function textOf(key) {
        return typeof key === "symbol" ? `[${key.description ?? ""}]` : key;
    }

    function publicAccess(kind, key) {
        const access = { has: (object) => key in object };
        if (kind !== "setter") {
            access.get = (object) => object[key];
        }
        if (kind === "setter" || kind === "field" || kind === "accessor") {
            access.set = (object, value) => {
                object[key] = value;
            };
        }
        return access;
    }

    function checked(given) {
        for (let index = 0; index < given.length; index++) {
            needed(given[index]);
        }
        return given;
    }

    function needed(value) {
        if (value !== undefined && typeof value !== "function") {
            throw new TypeError("Function expected");
        }
        return value;
    }

    function adder(list, state) {
        return function addInitializer(initializer) {
            if (state.isDone) {
                throw new TypeError("Cannot add initializers after decoration has completed");
            }
            list[list.length] = needed(initializer);
        };
    }

    function run(initializers, self) {
        for (let index = 0; index < initializers.length; index++) {
            call(initializers[index], self, []);
        }
    }

    return { decorations };
});

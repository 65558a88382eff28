// The evaluated text: a snippet's text with the edits that it needs, and the mapping back to the typed text.
//
// request.edits: [start, end, text, origin], always applied; origin: the position of errors in the text, null for that
// of the edit. request.declarations: {"kind", "names", "start", "end", "stop", "nested", "simple"}, and
// request.assignments: {"name", "start", "end", "shorthand"}: edited according to the names that the session already
// has. In V8's REPL mode only `let` may redeclare what `let` has declared, so constants are declared with `let`, also
// those of `using`, and an assignment to them is made an error here. Offsets count UTF-16 code units.
(function scripts({ realm, primordials, name, post, note }) {
    const { Array, Boolean, Function, Map, Math, Object, Set, TypeError } = realm;
    const { filter, push, some } = primordials.Array;
    const { get, set } = primordials.Map;
    const { add, delete: remove, has } = primordials.Set;
    const { indexOf, slice } = primordials.String;
    const { defineProperty, getOwnPropertyDescriptor } = Object;
    const { floor, max, min } = Math;
    const constants = new Set();
    const hasUsing = compiles("{ using resource = null }");
    let isUsingNoted = false;
    const sort = primordials.uncurried(Array.prototype.sort);

    // Returns the expression to evaluate, and `pieces`: [offset in it, offset in the text, length] of unchanged text.
    function compile(request) {
        const { edits, declarations, assignments } = request;
        const lexical = declarations.length + assignments.length > 0 ? lexicalNames() : null;
        const marked = [];
        const declared = countNames(declarations);
        const made = declare(declarations, lexical, edits, marked);
        for (let index = 0; index < assignments.length; index++) {
            const { name: target, start, end, shorthand } = assignments[index];
            if (has(constants, target) && (has(lexical, target) || isFixed(target) || get(declared, target) > 0)) {
                edits[edits.length] = [
                    start,
                    end,
                    `${shorthand ? `${target}: ` : ""}${name}.constant(${target}).value`,
                ];
            }
        }
        sort(edits, (one, other) => one[0] - other[0] || one[1] - other[1]);
        return { made, marked, ...apply(request.text, edits) };
    }

    // Returns the number of declarations of each name.
    function countNames(declarations) {
        const counts = new Map();
        for (let index = 0; index < declarations.length; index++) {
            const { names } = declarations[index];
            const own = new Set();
            for (let each = 0; each < names.length; each++) {
                if (!has(own, names[each])) {
                    add(own, names[each]);
                    set(counts, names[each], (get(counts, names[each]) ?? 0) + 1);
                }
            }
        }
        return counts;
    }

    // Undoes the declarations of a snippet that did not parse.
    function undo({ made, marked }) {
        for (let index = 0; index < made.length; index++) {
            delete realm[made[index]];
        }
        for (let index = marked.length - 1; index >= 0; index--) {
            const { word, wasConstant } = marked[index];
            (wasConstant ? add : remove)(constants, word);
        }
    }

    // Makes a name that was a constant an ordinary one.
    function release(word) {
        remove(constants, word);
    }

    // Adds to `edits`, and the names' previous states to `marked`. Returns the names of the variables that it created.
    function declare(declarations, lexical, edits, marked) {
        const made = [];
        const seen = new Set();
        for (let index = 0; index < declarations.length; index++) {
            const declaration = declarations[index];
            const { kind, names, start, end } = declaration;
            if (kind === "using" && !hasUsing) {
                continue; // the engine rejects it
            }
            const isLexical = some(names, (word) => has(lexical, word));
            if ((kind === "var" || kind === "enum") && !isLexical) {
                addAll(made, filter(names, makeRoom));
                addAll(edits, kind === "enum" ? [[start, end, "var"]] : []);
            } else {
                addAll(edits, adapted(declaration, isLexical, seen));
            }
            const mark = kind === "const" || kind === "using" ? add : remove;
            for (let each = 0; each < names.length; each++) {
                marked[marked.length] = {
                    __proto__: null,
                    word: names[each],
                    wasConstant: has(constants, names[each]),
                };
                mark(constants, names[each]);
            }
            if (kind === "using" && !isUsingNoted) {
                isUsingNoted = true;
                note("`using` outside of blocks does not dispose: the name stays for the next snippets.");
            }
        }
        return made;
    }

    function addAll(list, items) {
        for (let index = 0; index < items.length; index++) {
            push(list, items[index]);
        }
    }

    // Returns the edits that make a declaration one that the engine accepts again.
    function adapted(declaration, isLexical, seen) {
        const { kind, names, start, end, stop } = declaration;
        const word = some(names, isFixed) ? "var" : "let";
        const around = (before, after) => [
            [start, start, before],
            [stop, stop, after],
        ];
        switch (kind) {
            case "var":
                return [[start, end, variable(declaration, seen)]];
            case "function":
                return isLexical ? around(`let ${names[0]}=`, ";") : [];
            case "class":
                return word === "var" ? around(`var ${names[0]}=`, ";") : [];
            default:
                return [[start, end, word]];
        }
    }

    function compiles(body) {
        try {
            return Boolean(new Function(body));
        } catch {
            return false;
        }
    }

    // A `var` of a name that `let` has declared: redeclared once, then assigned to.
    function variable({ names, nested, simple }, seen) {
        const isAgain = nested || some(names, (word) => has(seen, word));
        for (let index = 0; index < names.length; index++) {
            add(seen, names[index]);
        }
        return isAgain && simple ? "" : "let";
    }

    function lexicalNames() {
        const lexical = new Set();
        post("Runtime.globalLexicalScopeNames", {}, (failure, answer) => {
            for (let index = 0; !failure && index < answer.names.length; index++) {
                add(lexical, answer.names[index]);
            }
        });
        return lexical;
    }

    // A name that a function declaration or the engine has defined can be assigned to, but `let` cannot shadow it. If
    // it cannot even be assigned to, `let` remains, and the engine rejects it.
    function isFixed(word) {
        const found = getOwnPropertyDescriptor(realm, word);
        return found?.configurable === false && (found.writable === true || found.set !== undefined);
    }

    // A variable that exists before its `var` stays configurable, so that `let` may take its name later.
    function makeRoom(word) {
        const isNew = getOwnPropertyDescriptor(realm, word) === undefined;
        if (isNew) {
            const shape = { __proto__: null, configurable: true, enumerable: true, writable: true };
            defineProperty(realm, word, { __proto__: null, ...shape, value: undefined });
        }
        return isNew;
    }

    function apply(text, edits) {
        const pieces = [];
        let expression = "";
        let done = 0;
        for (let index = 0; index < edits.length; index++) {
            const { 0: start, 1: end, 2: replacement, 3: origin } = edits[index];
            pieces[pieces.length] = [expression.length, done, start - done];
            expression += slice(text, done, start);
            if (typeof origin === "number") {
                pieces[pieces.length] = [expression.length, origin, 0];
            }
            expression += replacement;
            done = end;
        }
        pieces[pieces.length] = [expression.length, done, text.length - done];
        return { text, expression: expression + slice(text, done), pieces };
    }

    // The position in the typed text, line and column from 1, of one in the evaluated text. A stack has many, so a
    // script stores the starts of its lines.
    function typed(script, line, column) {
        const { text, expression, pieces } = script;
        script.editedStarts ??= lineStarts(expression);
        script.textStarts ??= lineStarts(text);
        // An unknown position has negative or undefined numbers: it is shown as the first.
        const start = line > 0 ? (script.editedStarts[line - 1] ?? expression.length) : 0;
        const offset = max(0, min(start + column - 1, expression.length)) || 0;
        const {
            0: from,
            1: original,
            2: length,
        } = pieces[lastUpTo(pieces.length, (index) => pieces[index][0] <= offset)];
        return placeOf(text, original + max(0, min(offset - from, length)), script.textStarts);
    }

    function lineStarts(source) {
        const starts = [0];
        for (let at = indexOf(source, "\n"); at >= 0; at = indexOf(source, "\n", at + 1)) {
            starts[starts.length] = at + 1;
        }
        return starts;
    }

    // The last of `count` numbers from 0 for which `holds` is true: true for 0, and false from some number on.
    function lastUpTo(count, holds) {
        let low = 0;
        for (let high = count; high - low > 1;) {
            const middle = floor((low + high) / 2);
            if (holds(middle)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    function placeOf(source, offset, starts = lineStarts(source)) {
        const index = lastUpTo(starts.length, (line) => starts[line] <= offset);
        const end = index + 1 < starts.length ? starts[index + 1] - 1 : source.length;
        const last = end > starts[index] && source[end - 1] === "\r" ? end - 1 : end;
        return { line: index + 1, column: offset - starts[index] + 1, source: slice(source, starts[index], last) };
    }

    // The target of an assignment to a constant: it can be read, as `??=` and `++` do first.
    function constant(value) {
        return {
            __proto__: null,
            get value() {
                return value;
            },
            set value(_) {
                throw new TypeError("Assignment to constant variable.");
            },
        };
    }

    return { compile, undo, release, typed, placeOf, constant, lexicalNames };
});

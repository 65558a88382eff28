// Tables of values for a terminal: the rows and columns of console.table(), fitted to a width.
//
// describe(value, {columns, all, names, colors}, hint): columns: the width. all: whether to show all rows instead of
// the first 20. names: a list of the columns to show, null for all. colors: as of util.inspect(). hint: how all rows
// can be shown. Returns the text of the table; undefined for a value that console.table() writes as console.log() does.
// Getters run.
(function table({ realm, primordials, inspect }) {
    const { Array, Map, Math, Object, RegExp, Set, String } = realm;
    const { getPrototypeOf, hasOwn, keys } = Object;
    const { isArray } = Array;
    const { max, min } = Math;
    const { isMap, isMapIterator, isSet, isSetIterator, isTypedArray } = realm.require("util/types");
    const { join } = primordials.Array;
    const entriesOfMap = primordials.uncurried(Map.prototype.entries);
    const valuesOfSet = primordials.uncurried(Set.prototype.values);
    const nextOfMap = primordials.uncurried(getPrototypeOf(new Map().entries()).next);
    const nextOfSet = primordials.uncurried(getPrototypeOf(new Set().values()).next);
    const sizeOfMap = primordials.uncurried(Object.getOwnPropertyDescriptor(Map.prototype, "size").get);
    const sizeOfSet = primordials.uncurried(Object.getOwnPropertyDescriptor(Set.prototype, "size").get);
    const codePointAt = primordials.uncurried(String.prototype.codePointAt);
    const repeat = primordials.uncurried(String.prototype.repeat);
    const { exec } = primordials.RegExp;
    const { slice } = primordials.String;
    const MOST_ROWS = 20;
    const MOST_COLUMNS = 100;
    const LONG = 100_000; // items, from which on those of an array are counted by its length
    const NARROW = 16; // columns of the terminal that a column has, before the last ones are left out
    const VALUES = "Values";
    const SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");
    const WIDE = [0x1100, 0x115f, 0x2e80, 0x303e, 0x3041, 0xa4cf, 0xa960, 0xa97f, 0xac00, 0xd7a3, 0xf900, 0xfaff];
    const WIDER = [
        0xfe30, 0xfe6f, 0xff00, 0xff60, 0xffe0, 0xffe6, 0x1f300, 0x1f64f, 0x1f680, 0x1f6ff, 0x1f900, 0x3fffd,
    ];
    const NONE = [0x300, 0x36f, 0x1ab0, 0x1aff, 0x200b, 0x200f, 0x20d0, 0x20ff, 0xfe00, 0xfe0f, 0xfe20, 0xfe2f];

    let colors = false;

    function describe(value, { columns, all, names, ...rest }, hint) {
        colors = rest.colors === true;
        if (typeof value !== "object" || value === null || isMapIterator(value) || isSetIterator(value)) {
            return undefined;
        }
        const grid = gridOf(value, all ? Infinity : MOST_ROWS, names);
        const widths = [];
        for (let index = 0; index < min(grid.names.length, MOST_COLUMNS); index++) {
            let width = widthOf(grid.names[index]);
            for (let row = 0; row < grid.rows.length; row++) {
                width = max(width, widthOf(cellOf(grid, row, index).text));
            }
            widths[index] = width;
        }
        const shown = fitted(widths, columns);
        return drawn(grid, shown) + footer(grid, shown.length, columns, hint);
    }

    // rows: a list of objects, from the name of a column to its cell. total: the number of all rows.
    function gridOf(value, most, names) {
        const grid = { __proto__: null, names: ["(index)"], known: { __proto__: null }, rows: [], total: 0 };
        if (isMap(value) || isSet(value)) {
            const iterator = isMap(value) ? entriesOfMap(value) : valuesOfSet(value);
            const next = isMap(value) ? nextOfMap : nextOfSet;
            grid.names[0] = "(iteration index)";
            grid.total = isMap(value) ? sizeOfMap(value) : sizeOfSet(value);
            for (let found = next(iterator); !found.done && grid.rows.length < most; found = next(iterator)) {
                const row = addRow(grid, grid.rows.length, true);
                if (isMap(value)) {
                    put(grid, row, "Key", found.value[0]);
                }
                put(grid, row, VALUES, isMap(value) ? found.value[1] : found.value);
            }
            return grid;
        }
        const isLong = isTypedArray(value) || (isArray(value) && value.length > LONG);
        const indices = isLong ? null : keys(value);
        grid.total = isLong ? value.length : indices.length;
        for (let number = 0; number < min(grid.total, most); number++) {
            const index = isLong ? number : indices[number];
            const item = value[index];
            const row = addRow(grid, index, isLong || isArray(value));
            const isObject = (typeof item === "object" && item !== null) || typeof item === "function";
            const own = isObject ? (names ?? keys(item)) : [];
            if (own.length === 0) {
                row.own = cell(item);
            }
            for (let column = 0; column < own.length; column++) {
                const name = `${own[column]}`;
                if (names !== null || grid.names.length <= MOST_COLUMNS || name in grid.known) {
                    put(grid, row, name, hasOwn(item, name) ? item[name] : undefined, hasOwn(item, name));
                } else {
                    addName(grid, name);
                }
            }
        }
        return withValues(grid);
    }

    // The items without properties have a column of their own, the last one.
    function withValues(grid) {
        for (let index = 0; index < grid.rows.length; index++) {
            const row = grid.rows[index];
            if (row.own !== undefined) {
                addName(grid, VALUES);
                row.cells[VALUES] = row.own;
            }
        }
        return grid;
    }

    function addRow(grid, index, isIndexNumber) {
        const first = { __proto__: null, text: clean(`${index}`), isNumber: isIndexNumber };
        const row = { __proto__: null, first, cells: { __proto__: null }, own: undefined };
        grid.rows[grid.rows.length] = row;
        return row;
    }

    function addName(grid, name) {
        if (!(name in grid.known)) {
            grid.known[name] = true;
            grid.names[grid.names.length] = name;
        }
    }

    function put(grid, row, name, value, isThere = true) {
        addName(grid, name);
        row.cells[name] = isThere ? cell(value) : { __proto__: null, text: "" };
    }

    // coloured: the text in colour.
    function cell(value) {
        const coloured = textOf(value);
        const text = colors ? primordials.replace(coloured, SEQUENCE, () => "") : coloured;
        return {
            __proto__: null,
            text: clean(text),
            coloured: clean(text) === text ? coloured : undefined,
            isNumber: isNumber(value),
        };
    }

    function cellOf({ names, rows }, row, column) {
        return (column === 0 ? rows[row].first : rows[row].cells[names[column]]) ?? { __proto__: null, text: "" };
    }

    function isNumber(value) {
        return typeof value === "number" || typeof value === "bigint";
    }

    // As console.table() does it.
    function textOf(value) {
        const isNested = typeof value === "object" && value !== null && !isArray(value) && keys(value).length > 2;
        const how = {
            maxArrayLength: 3,
            maxStringLength: 1000,
            breakLength: Infinity,
            depth: isNested ? -1 : 0,
            colors,
        };
        return inspect(value, how);
    }

    function clean(text) {
        return primordials.replace(text, /[^ -~\u00a0-\uffff]+\s*/g, () => " ");
    }

    // Returns the widths of the columns that are shown.
    function fitted(widths, columns) {
        const shown = [];
        let total = 1;
        for (let index = 0; index < widths.length; index++) {
            total += min(widths[index], NARROW) + 3;
            if (total > columns && index > 1) {
                break;
            }
            shown[index] = widths[index];
        }
        for (let most = columns; most > 0; most--) {
            let size = 1;
            for (let index = 0; index < shown.length; index++) {
                shown[index] = min(shown[index], most);
                size += shown[index] + 3;
            }
            if (size <= columns) {
                break;
            }
        }
        return shown;
    }

    function drawn(grid, widths) {
        const lines = [border(widths, "┌", "┬", "┐"), "", border(widths, "├", "┼", "┤")];
        const header = [];
        for (let column = 0; column < widths.length; column++) {
            const isRight = grid.rows.length > 0 && cellOf(grid, 0, column).isNumber;
            header[column] = aligned(clean(grid.names[column]), widths[column], isRight);
        }
        lines[1] = `│ ${join(header, " │ ")} │`;
        for (let row = 0; row < grid.rows.length; row++) {
            const cells = [];
            for (let column = 0; column < widths.length; column++) {
                const { text, isNumber: isRight, coloured } = cellOf(grid, row, column);
                cells[column] = aligned(text, widths[column], isRight, coloured);
            }
            lines[lines.length] = `│ ${join(cells, " │ ")} │`;
        }
        lines[lines.length] = border(widths, "└", "┴", "┘");
        return join(lines, "\n");
    }

    function border(widths, left, middle, right) {
        const parts = [];
        for (let index = 0; index < widths.length; index++) {
            parts[index] = repeat("─", widths[index] + 2);
        }
        return left + join(parts, middle) + right;
    }

    function footer(grid, columns, width, hint) {
        const parts = [];
        const rows = grid.total - grid.rows.length;
        const left = grid.names.length - columns;
        if (rows > 0) {
            parts[0] = `${rows.toLocaleString("en")} more row${rows === 1 ? "" : "s"}`;
        }
        if (left > 0) {
            parts[parts.length] = `${left} more column${left === 1 ? "" : "s"}`;
        }
        return parts.length === 0 ? "" : `\n${cut(`… ${join(parts, " and ")}${rows > 0 ? ` · ${hint}` : ""}`, width)}`;
    }

    function aligned(text, width, isRight, coloured = text) {
        const shown = cut(text, width);
        const blanks = repeat(" ", max(width - widthOf(shown), 0));
        const painted = shown === text ? coloured : shown;
        return isRight ? blanks + painted : painted + blanks;
    }

    function cut(text, width) {
        if (widthOf(text) <= width) {
            return text;
        }
        let taken = 0;
        let at = 0;
        for (let code = codePointAt(text, 0); at < text.length; code = codePointAt(text, at)) {
            taken += columnsOf(code);
            if (taken >= width) {
                break;
            }
            at += code > 0xffff ? 2 : 1;
        }
        return `${slice(text, 0, at)}…`;
    }

    // The columns of the terminal.
    function widthOf(text) {
        if (exec(/^[ -~]*$/, text) !== null) {
            return text.length;
        }
        let width = 0;
        for (let at = 0; at < text.length; at++) {
            const code = codePointAt(text, at);
            width += columnsOf(code);
            at += code > 0xffff ? 1 : 0;
        }
        return width;
    }

    function columnsOf(code) {
        return isIn(NONE, code) ? 0 : isIn(WIDE, code) || isIn(WIDER, code) ? 2 : 1;
    }

    function isIn(ranges, code) {
        for (let index = 0; index < ranges.length; index += 2) {
            if (code >= ranges[index] && code <= ranges[index + 1]) {
                return true;
            }
        }
        return false;
    }

    return { describe };
});

// The rules for the project's JavaScript: eslint's recommended ones, and those that find faults which they do not.
import js from "@eslint/js";
import globals from "globals";

const PRELUDE = ["noderepl/javascript/prelude/*.js", "noderepl/javascript/instruments/*.js"];
const WATCHDOG = "noderepl/javascript/prelude/watchdog.js"; // runs in a thread of its own
const names = { ...globals.builtin, ...globals.node };
const off = Object.fromEntries(Object.keys(names).map((name) => [name, "off"]));

export default [
    js.configs.recommended,
    {
        languageOptions: { ecmaVersion: 2024, sourceType: "commonjs", globals: globals.node },
        linterOptions: { reportUnusedDisableDirectives: "error" },
        rules: {
            eqeqeq: "error",
            "max-len": ["error", { code: 120 }], // prettier leaves comments and texts as they are
            "no-shadow": "error",
            "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
            "no-var": "error",
            "prefer-const": ["error", { destructuring: "all" }],
        },
    },
    { files: ["**/*.mjs"], languageOptions: { sourceType: "module" } },
    {
        // Each file is a function expression that prelude.py puts into one script. A snippet may replace any global
        // name, so a file takes what it uses from `realm` when the prelude starts, and reads no global name later.
        files: PRELUDE,
        ignores: [WATCHDOG],
        languageOptions: { sourceType: "script", globals: { ...off, undefined: "readonly", Infinity: "readonly" } },
    },
];

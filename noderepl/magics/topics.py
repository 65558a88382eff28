"""The topics of %help: short texts, each with examples that run. Data only."""

from __future__ import annotations

from noderepl.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. also: other words for it. text: its paragraphs; lines with four spaces are an
    example: what is typed at the prompt after `> `, or in a shell after `$ `, and what is shown.
    """

    name: str
    summary: str
    text: str
    also: tuple[str, ...] = ()


TOPICS: tuple[Topic, ...] = (
    Topic(
        "keys",
        "What the keys do, and how to bind your own",
        """\
Bind keys in the table [keys] of config.toml, from the next start:

    [keys]
    "ctrl-t" = "accept-suggestion"
    "f5" = 'command "%files"'
    "alt-l" = 'insert "console.log("'

A key is named as on the keyboard (ctrl-t, alt-enter, f5) or as prompt_toolkit does (c-t). Several
keys one after the other have spaces between them: "ctrl-x ctrl-e". Ctrl-C and characters that are
typed cannot be bound. "none" turns a key off.

    > %config editing-mode
""",
        ("key", "keyboard", "bindings", "shortcuts"),
    ),
    Topic(
        "paste",
        "How to run code that is copied from elsewhere",
        """\
A paste appears at the prompt and runs at Enter, never before. Prompts, line numbers, Markdown
fences and typographic quotes that were copied with the code are removed; a line above the prompt
says so, and F2 puts the original back.

A long text is easier to edit in your editor: Ctrl-X Ctrl-E opens it with what is typed. In editor
mode, each Enter adds a line and Ctrl-D runs:

    > .editor
""",
        ("pasting", "copy", "editor", "multiline"),
    ),
    Topic(
        "files",
        "How to bring files into the session and back",
        """\
The session has its own disk: its files are in /mnt/data, and none of your files are there until
you upload them. Paths in snippets are relative to /mnt/data.

    > require('fs').writeFileSync('note.txt', 'hello')
    > %files
    > %download note.txt --force
    > %upload note.txt --as copy.txt
    > require('fs').readFileSync('copy.txt', 'utf8')
    'hello'
    > %rm note.txt copy.txt --yes

%upload, %download, %files and %rm accept directories and patterns, too: %upload src, %download
out/*.png, %rm *.log. %cat shows a file, %edit remote:FILE edits it, and %diff compares it with
a local one.
""",
        ("file", "disk", "data"),
    ),
    Topic(
        "npm",
        "How to install and use packages",
        """\
`%npm install NAME`, or a line `npm install NAME`, installs a package into the session; it needs a
pool with access to the network. Then import or require it; Tab completes its name. After `%npm
install NAME@VERSION`, `%reload NAME` loads the new version.

    > %npm --version
    > const path = require('path')
    > import { basename } from 'path'
    > basename('/tmp/a.txt')
    'a.txt'
""",
        ("packages", "import", "require", "modules"),
    ),
    Topic(
        "errors",
        "What happens when code fails, hangs, or is interrupted",
        """\
An error shows its stack; lines of Node.js itself are dim. The session and its variables stay.
Ctrl-C interrupts a running snippet, and %timeout is the time after which it ends by itself. An
error that nothing catches after its snippet has ended is shown above the prompt.

    > let kept = 1
    > try { null.x } catch (error) { error.name }
    'TypeError'
    > kept
    1
    > %timeout
""",
        ("error", "interrupt", "ctrl-c", "timeout", "stack"),
    ),
    Topic(
        "results",
        "How to use the value of an earlier snippet",
        """\
`_` is the last value and `_error` the last error. `_1`, `_2` and so on are the values of the
snippets with these numbers; the bottom line shows the latest, and %history all of them. %page
shows a long value in your pager, and %save FILE --result writes it to a file.

    > 6 * 7
    42
    > _ + 1
    43
    > %history
""",
        ("result", "values", "_", "_1", "_error", "last"),
    ),
    Topic(
        "look",
        "How to look at values, their properties and their documentation",
        """\
Tab completes names, properties, files and packages, and shows what they are. `EXPRESSION?`
describes a value: its type, its signature and its documentation. `EXPRESSION??` shows the source of
a function or class. None of these runs your code.

    > const users = [{ name: 'Ada' }, { name: 'Grace' }]
    > function names(list) { return list.map(one => one.name) }
    > users[0]?
    > names??
    > Array.prototype.flatMap?

%who lists the variables of the session, and %who NAME shows one in detail. While you type an
expression without an effect, its value is shown below the input; F3 or %preview turns this on and
off.

    > %who
    > %who users
    > %preview
""",
        ("explore", "completion", "tab", "?", "??", "documentation", "previews"),
    ),
    Topic(
        "typescript",
        "How to run TypeScript",
        """\
A snippet that is TypeScript and not JavaScript runs without its types, which are not checked;
enums, namespaces and decorators work too. `%ts on` treats every snippet as TypeScript, `%ts off`
none; F4 switches between them.

    > enum Level { Low = 1, High }
    > let level: Level = Level.High
    > level
    2
    > %ts
""",
        ("types",),
    ),
    Topic(
        "sessions",
        "Where snippets run, and how long their state lives",
        """\
Snippets run in a session: one process of Node.js with its variables and files. Without --endpoint
it is on this machine, in a sandbox; with --endpoint URL it is in a remote pool. A session that is
idle for its cooldown ends; the bottom line counts down, and %keepalive on prevents it. After a
loss, %replay runs the snippets again. With %session keep, it stays when you leave, for noderepl
--resume.

    > %session
    > %who
""",
        ("state", "pool", "endpoint", "azure", "resume", "cooldown"),
    ),
    Topic(
        "scripts",
        "How to run noderepl without a prompt",
        """\
-p prints a value, -e prints only the output, -c runs a line as if typed here, and FILE runs a
program with the files that it imports. Standard input is the program if there is no other. The
exit code is that of the program.

    $ noderepl -p '6 * 7'
    42
    $ noderepl -c '%timeout 5' -e 'console.log(1)'
    1
    $ noderepl --json -p '[1, 2]'
""",
        ("script", "command-line", "pipe", "json"),
    ),
    Topic(
        "settings",
        "How to change options for this run or for all later ones",
        """\
%config lists all options, their values and where each comes from. %config set writes config.toml
and applies at once if that is possible; %timeout, %theme, %ts and the like change only this run.
Each option is also a variable, NODEREPL_TIMEOUT, and a flag, --timeout.

    > %config timeout
    > %config set timeout 90
    > %config unset timeout
""",
        ("options", "configuration", "preferences", "profiles"),
    ),
)

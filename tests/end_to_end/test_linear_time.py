"""Time of every function over text: four times the text takes about four times as long, whatever the text is."""

from __future__ import annotations

import ast
import gc
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import pytest
from prompt_toolkit.document import Document

from noderepl import line_kinds, schema
from noderepl.azure import arm_errors, creation, resources, setup_answers
from noderepl.client import (
    auth,
    circumstances,
    decode_execution,
    endpoint,
    http_errors,
    identifier,
    inspect_literals,
    retries,
    sign_in,
    wire,
)
from noderepl.errors import ExitCode, NodeReplError
from noderepl.execution.session_offers import SessionOffers
from noderepl.javascript import (
    analysis,
    analyze,
    bindings,
    completeness,
    completion_context,
    declarations,
    grammar_repairs,
    highlight,
    hints,
    invalid_modules,
    jsdoc,
    markdown,
    modules,
    npm_lines,
    output,
    paste_cleaning,
    patterns,
    preview_tree,
    program,
    questions,
    references,
    repl_transcripts,
    scopes,
    script_parts,
    script_text,
    session_files,
    signatures,
    snippet_function,
    statements,
    syntax,
    type_stripping,
    typography,
    validity,
    word_hints,
)
from noderepl.javascript.neighbours import neighbours
from noderepl.javascript.package_files import Facts
from noderepl.javascript.package_files import read_report as read_packages
from noderepl.magics import (
    MAGICS,
    arguments,
    file_patterns,
    is_magic,
    reload,
    without_identifier,
)
from noderepl.magics.help import named
from noderepl.magics.npm import no_network
from noderepl.magics.npm_here import local_spec
from noderepl.magics.redaction import without_secrets
from noderepl.magics.session_files import remote_path
from noderepl.outcome import Execution, Failure, Output, Status, Table, Thrown, Value, Words
from noderepl.service import files, messages, tools
from noderepl.service.completion_values import execution_result
from noderepl.service.errors import ApiError
from noderepl.session_environment import parse_dotenv
from noderepl.sessions.journal import listed
from noderepl.terminal import (
    background,
    completion,
    control_sequences,
    emoji,
    escapes,
    folding,
    frames,
    lexers,
    magic_words,
    own_lines,
    render,
    secret_forms,
    source_text,
    tables,
)
from noderepl.terminal.answer_line import without_last_word
from noderepl.terminal.keyboard import Parser
from noderepl.terminal.live_region import LiveRegion
from noderepl.terminal.pen import Pen
from noderepl.terminal.snippet_lexer import SnippetLexer

SOURCES = Path(__file__).parents[2] / "noderepl"
LIMIT = 6.0
"""How many times as long four times the text may take; quadratic time makes 16 of it."""
FIRST, MOST = 1_000, 16_000
"""Characters; the first text is four times as long as FIRST, and the last one four times as long as MOST."""
MEASURABLE = 0.002
"""Seconds; shorter times are too inexact to compare, so a longer text is measured."""
TRIES = (
    (1, MEASURABLE),
    (2, MEASURABLE),
    (3, MEASURABLE),
    (2, 4 * MEASURABLE),
    (3, 16 * MEASURABLE),
)
"""Runs of which the fastest counts, and the least time. A busy machine and a cache that a text just outgrows make a
ratio too large once; quadratic time does each time."""

ABOUT = circumstances.Circumstances(wire.Call("GET", "/files"), "https://a", "1")
NOTHING = analysis.Analysis("", (), (), (), False, False, ())
COMPLETER = completion.SnippetCompleter(
    magics=(),
    themes=lambda: (),
    remote_files=lambda _: None,
    live=SessionOffers(None, tuple),  # type: ignore[arg-type]
    typed=lambda: (),
    directory=Path("/nowhere"),
)


def over(unit: str, head: str = "", tail: str = "") -> Callable[[int], str]:
    """Texts of a unit again and again, between a head and a tail."""
    return lambda size: head + unit * (size // len(unit)) + tail


def nested(
    opening: str, closing: str, head: str = "", middle: str = "", tail: str = ""
) -> Callable[[int], str]:
    """Texts in brackets as deep as they are long."""

    def make(size: int) -> str:
        depth = size // len(opening + closing)
        return head + opening * depth + middle + closing * depth + tail

    return make


SHAPES: dict[str, Callable[[int], str]] = {
    "tokens": over("eyJ"),
    "tokens with dots": over("eyJa. "),
    "bearers": over("bearer "),
    "places": over("a.js:1\n", tail="Error: a\n    at b"),
    "heads": over("A: b\n", tail="    at c"),
    "frames": over("    at f (a.js:1:1)\n", head="Error: a\n"),
    "internal frames": over("    at g (node:vm:1:1)\n", head="Error: a\n"),
    "half a frame": over("    at (async "),
    "open brackets": over("([{"),
    "closing brackets": over(")]}"),
    "deep arrays": nested("[", "]"),
    "deep blocks": nested("{b=1;", "}"),
    "deep functions": nested("function a(){b=1;", "}"),
    "deep namespaces": nested("namespace a{", "}"),
    "deep templates": nested("`${", "}`"),
    "deep patterns": nested("[", "]", head="let ", middle="a", tail="=b"),
    "deep elements": nested("<a>", "</a>"),
    "backticks": over("`"),
    "quotes": over("'\""),
    "quotes of one kind": over("'\n'"),
    "curly quotes": over('\u201c\u2018a"'),
    "apostrophes": over("\u2018a"),
    "backslashes": over("\\"),
    "escaped quotes": over('\\"', head='"'),
    "escaped quotes of an open string": over(',\\"', head='"'),
    "one line": over("a b "),
    "one word": over("a"),
    "blanks": over(" ", head="a", tail="a"),
    "line ends": over("\n", head="a", tail="a"),
    "lines": over("const a = f(1, 'x')\n"),
    "CRLF": over("a\r\n\r"),
    "movement": over("\r\x1b[K\x1b[2Aa\x08"),
    "parameters of colours": over("1;38;5;3:4;"),
    "wide characters": over("\u4e16\u754c\U0001f600 "),
    "combining characters": over("a\u0301"),
    "odd spaces": over("\u3000\u00a0\u200b", head="a"),
    "colours": over("\x1b[31m"),
    "half a colour": over("1;", head="\x1b["),
    "endless answers of a terminal": over("1;", head="\x1b]"),
    "controls": over("\x1b\x9b\u202e\x00"),
    "lone surrogates": over("\ud800"),
    "titles": over("<title"),
    "tags": over("<title>"),
    "digits": over("1"),
    "escapes": over("\\n\\x5c\\u{1F600}\\\\\\q"),
    "an escape of many digits": over("0", head="\\u{"),
    "numbers": over("1_0.5e-"),
    "numbered lines": lambda size: "".join(f"{number} a\n" for number in range(size // 7)),
    "hyphens": over("a--"),
    "line comments": over("//\n"),
    "comments": over("/**/", tail="{"),
    "imports": over("import a from 'b'\n", tail="x ] y"),
    "half an import": over("import {"),
    "exports": over("export const a = 1;"),
    "names of an import": over("a, ", head="import {", tail="} from 'b'"),
    "transcript": over("> a\n1\n"),
    "open input": over("> if (\n... 1\n"),
    "refused input": over("> a b\nUncaught SyntaxError: x\n"),
    "shell": over("$ npm install a\n"),
    "addresses": over("a@b."),
    "npm": over("npm install a\n"),
    "words for npm": over("a ", head="npm install "),
    "long lines of npm": over("a \\\n", head="npm install "),
    "fences": over("```js\n> a\n1\n```\n"),
    "open fences": over("- ```\n"),
    "headings": over("usage\n", head="npm install a\n"),
    "diff": over("+a\n-b\n c\n"),
    "magics": over("%a\n"),
    "members": over("a.", tail="a"),
    "calls": over("f("),
    "operators": over("a+", tail="a"),
    "marks of values": over("[Symbol([class <a"),
    "entries": over("Map(1) { "),
    "uncaught": over("Uncaught "),
    "namespaces": over("namespace A{export let b=1;b}enum C{D,E=D}\n"),
    "types of lines": over("let a=b as c\n[d]\n"),
    "decorators": over("@a class B{@c d(){}constructor(private e){}}\n"),
    "deep decorators": nested("@a class{b=", "}", head="c=", middle="1"),
}

# The grammars need quadratic time for these.
HARD: dict[str, Callable[[int], str]] = {
    "open comments": over("/* "),
    "open regular expressions": over("/["),
}


def bytes_of(text: str) -> bytes:
    """The bytes of a text that may have lone surrogates."""
    return text.encode("utf-8", "surrogatepass")


def with_tree(work: Callable[..., object], *more: object) -> Callable[[str], object]:
    """What a function does with a tree, and with the bytes that it was made of."""

    def run(text: str) -> object:
        source = bytes_of(text)
        return work(syntax.parse(syntax.parser(), source).root_node, source, *more)

    return run


def with_typescript(work: Callable[..., object]) -> Callable[[str], object]:
    """The same with the tree of TypeScript."""

    def run(text: str) -> object:
        source = bytes_of(text)
        return work(syntax.parse(syntax.typescript_parser(), source).root_node, source)

    return run


def accepting(work: Callable[[str], object]) -> Callable[[str], object]:
    """A function that may refuse a text."""

    def run(text: str) -> None:
        with suppress(NodeReplError, ApiError, ValueError, messages.TooManyValues):
            work(text)

    return run


def rendered(outcome: Callable[[str], object]) -> Callable[[str], object]:
    """What is shown of an outcome that holds a text."""
    return lambda text: render.render(outcome(text), width=80)


def names(root: object, source: bytes) -> None:
    """The names in a tree."""
    for leaf in syntax.leaves(root):
        if leaf.type in patterns.NAMES:
            patterns.name_of(leaf, source)


def highlighted(text: str) -> None:
    """The colours of the first lines, before and after a key in the middle."""
    highlighter = highlight.Highlighter()
    for typed in (text, text[: len(text) // 2] + "x" + text[len(text) // 2 :]):
        pieces = highlighter.pieces(typed)
        last = typed.count("\n")
        for number in (*range(40), *range(max(last - 40, 0), last + 1)):
            pieces(number)


def painted(text: str) -> None:
    """The lines on the screen."""
    document = Document(text)
    line = SnippetLexer(is_magic).lex_document(document)
    for number in range(min(40, document.line_count)):
        line(number)


def coloured_source(text: str, name: str) -> None:
    """A file with colours."""
    list(source_text.source(text, name, True))


def region(**options: str) -> LiveRegion:
    """A region for output that changes in place."""
    return LiveRegion(80, 24, colour=True, **options)


def pasted(text: str) -> None:
    """A paste that comes in pieces."""
    keys = Parser(lambda press: None)
    keys.feed("\x1b[200~")
    for at in range(0, len(text), 4096):
        keys.feed(text[at : at + 4096])
    keys.feed("\x1b[201~")
    keys.deliver()


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "client.decode_execution.read_execution": lambda text: decode_execution.read_execution(
        {"status": "Failed", "stderr": text, "stdout": text}, jupyter=True, measured=1
    ),
    "client.decode_execution.thrown_at_end": decode_execution.thrown_at_end,
    "azure.arm_errors.refusal": lambda text: arm_errors.refusal(400, text, text, ABOUT),
    "azure.creation.location_name": creation.location_name,
    "azure.resources.pool_id": lambda text: [
        resources.pool_id(text),
        resources.pool_id(f"/subscriptions/{text}/resourceGroups/{text}"),
    ],
    "azure.resources.read_claims": lambda text: resources.read_claims(f"a.{text}.b"),
    "azure.setup_answers.wrong_cooldown": setup_answers.wrong_cooldown,
    "azure.setup_answers.wrong_egress": setup_answers.wrong_egress,
    "azure.setup_answers.wrong_group": setup_answers.wrong_group,
    "azure.setup_answers.wrong_name": setup_answers.wrong_name,
    "azure.setup_answers.wrong_sessions": setup_answers.wrong_sessions,
    "client.sign_in.reason": lambda text: sign_in.reason(ValueError(text)),
    "client.auth.sent_token": accepting(auth.sent_token),
    "client.endpoint.base_url": accepting(lambda text: endpoint.base_url(f"https://a/{text}")),
    "client.identifier.check_identifier": accepting(identifier.check_identifier),
    "client.identifier.shortened": identifier.shortened,
    "client.inspect_literals.meaning": lambda text: [
        inspect_literals.meaning(f"{quote}{text}{quote}") for quote in ("'", "`", "")
    ],
    "client.inspect_literals.whole_text": inspect_literals.whole_text,
    "client.http_errors.compressed": lambda text: http_errors.compressed(text, ABOUT),
    "client.http_errors.from_answer": lambda text: http_errors.from_answer(
        httpx.Response(502, content=bytes_of(text)), ABOUT
    ),
    "client.circumstances.printable": circumstances.printable,
    "client.circumstances.printable, with secrets": lambda text: circumstances.printable(
        text, ("eyJ", "a secret")
    ),
    "client.retries.seconds_asked": accepting(lambda text: retries.seconds_asked(text, text)),
    "client.wire.split_name": accepting(wire.split_name),
    "javascript.invalid_modules.rewrite_broken": with_tree(invalid_modules.rewrite_broken, "g"),
    "javascript.invalid_modules.with_ends": with_tree(invalid_modules.with_ends),
    "javascript.typography.straighten": typography.straighten,
    "javascript.questions.question": lambda text: questions.question(f"{text}?"),
    "javascript.questions.path": questions.path,
    "javascript.bindings.imported": lambda text: bindings.imported("a", [f"import a;{text}"]),
    "javascript.declarations.declared": lambda text: declarations.declared(
        [("a", text)], "", ["a"], owner="a", name="b"
    ),
    "javascript.jsdoc.comment_before": lambda text: jsdoc.comment_before(f"/** */{text}"),
    "javascript.jsdoc.paragraphs": lambda text: jsdoc.paragraphs(f"/**{text}*/"),
    "javascript.signatures.signature": lambda text: signatures.signature(text, "a"),
    "javascript.signatures.readable_source": signatures.readable_source,
    "javascript.highlight.Highlighter.pieces": highlighted,
    "javascript.hints.hint_for": lambda text: hints.hint_for(Thrown("Error", text), NOTHING),
    "javascript.markdown.blocks": markdown.blocks,
    "javascript.markdown.is_markdown_for_certain": markdown.is_markdown_for_certain,
    "javascript.modules.rewrite": with_tree(
        lambda root, source: root.has_error or modules.rewrite(root, source, "g"),
    ),
    "javascript.npm_lines.installs": lambda text: npm_lines.installs(f"npm install {text}"),
    "javascript.npm_lines.npm_command": lambda text: npm_lines.npm_command(f"npm install {text}"),
    "javascript.npm_lines.npm_lines": lambda text: npm_lines.npm_lines(f"npm install a\n{text}"),
    "javascript.output.beyond": lambda text: output.beyond(f"{text}x", [*text, "y"]),
    "javascript.output.beyond, lines": lambda text: output.beyond(f"{text}x", text.split("\n")),
    "javascript.output.read_piece": accepting(lambda text: output.read_piece(bytes_of(text))),
    "javascript.output.bytes_of": output.bytes_of,
    "javascript.output.size_of": output.size_of,
    "javascript.patterns.name_of": with_tree(names),
    "javascript.analyze.analyze": lambda text: analyze.analyze(
        text, global_name="g", typescript="auto"
    ),
    "javascript.snippet_function.as_function": lambda text: snippet_function.as_function(
        analyze.analyze(text, global_name="g", typescript="auto"), global_name="g"
    ),
    "javascript.scopes.find": with_tree(scopes.find),
    "javascript.grammar_repairs.readable": with_typescript(grammar_repairs.readable),
    "javascript.references.types_alone": with_typescript(references.types_alone),
    "javascript.type_stripping.strip": with_typescript(
        lambda root, source: type_stripping.strip(root, source, "g")
    ),
    "javascript.repl_transcripts.is_session_for_certain": repl_transcripts.is_session_for_certain,
    "javascript.script_text.script": lambda text: script_text.script(
        [script_parts.Step(text, 1, True)] * 2, typescript="auto"
    ),
    "javascript.statements.separated": lambda text: list(statements.separated(text.split("\n"))),
    "javascript.repl_transcripts.session_readings": lambda text: list(
        repl_transcripts.session_readings(text)
    ),
    "javascript.completeness.is_incomplete": completeness.is_incomplete,
    "javascript.syntax.parse": lambda text: syntax.parse(
        syntax.typescript_parser(), bytes_of(text)
    ),
    "javascript.paste_cleaning.clean": paste_cleaning.clean,
    "javascript.validity.encoded": validity.encoded,
    "javascript.validity.parses": validity.parses,
    "javascript.completeness.line_end": completeness.line_end,
    "javascript.completion_context.context": completion_context.context,
    "javascript.preview_tree.expression": preview_tree.expression,
    "javascript.preview_tree.repeats": lambda text: preview_tree.repeats(text, text),
    "javascript.completion_context.destructured": lambda text: [
        completion_context.destructured(f"const {{{text}", f"{text}}} = a"),
        completion_context.destructured("const { a", f" }} = {text}"),
    ],
    "javascript.program.may_read_input": program.may_read_input,
    "magics.reload.reloaded": lambda text: reload.reloaded(
        "x", Execution(Status.OK, value=Value(text, text))
    ),
    "javascript.word_hints.word_hint": lambda text: [
        word_hints.word_hint(text, "SyntaxError", "x"),
        word_hints.word_hint(text, "ReferenceError", "a is not defined"),
        word_hints.word_hint(text, "Error", "Only URLs with a scheme in: file"),
    ],
    "javascript.package_files.read_report": lambda text: read_packages(Facts, f"packages-{text}"),
    "magics.npm.no_network": no_network,
    "magics.npm_here.local_spec": lambda text: local_spec(text, Path(), "/home/me"),
    "sessions.journal.listed": lambda text: listed(list(text)),
    "magics.arguments.Arguments.wrong": accepting(
        lambda text: arguments.Arguments("%a", text).parse()
    ),
    "magics.help.named": accepting(lambda text: named(text, MAGICS)),
    "magics.is_magic": is_magic,
    "line_kinds.may_be_magic": line_kinds.may_be_magic,
    "line_kinds.is_plain_snippet": line_kinds.is_plain_snippet,
    "line_kinds.without_identifier": line_kinds.without_identifier,
    "magics.without_identifier": without_identifier,
    "magics.redaction.without_secrets": lambda text: without_secrets(f"%session {text}", ()),
    "magics.arguments.split": lambda text: list(arguments.split(text)),
    "schema.decode": accepting(schema.decode),
    "schema.number": schema.number,
    "service.completion_values.execution_result": lambda text: [
        execution_result({"text/plain": f"'{text}{tail}'"}, jupyter_format=False)
        for tail in ("", "\\", "\\u{")
    ],
    "service.files.check_name": accepting(files.check_name),
    "service.messages.check_values": accepting(
        lambda text: messages.check_values(bytes_of(text), most=100),
    ),
    "service.messages.parse": accepting(lambda text: messages.parse(bytes_of(text))),
    "service.tools.without_credentials": tools.without_credentials,
    "service.tools.without_secrets": tools.without_secrets,
    "terminal.answer_line.without_last_word": lambda text: [
        without_last_word(f"{text} b"),
        without_last_word(f"x{text}"),
    ],
    "terminal.completion.SnippetCompleter": lambda text: list(
        COMPLETER.get_completions(Document(f"{text}a"), None)  # type: ignore[arg-type]
    ),
    "terminal.control_sequences.extent": lambda text: control_sequences.extent(f"\x1b]1;{text}"),
    "terminal.control_sequences.keys_of": control_sequences.keys_of,
    "terminal.emoji.Clusters.emoji": emoji.Clusters().emoji,
    "terminal.emoji.Clusters.stand_in": lambda text: emoji.Clusters().stand_in(text),
    "terminal.emoji.length_at_end": emoji.length_at_end,
    "terminal.emoji.length_at_start": emoji.length_at_start,
    "terminal.secret_forms.masked": secret_forms.masked,
    "javascript.neighbours.neighbours": neighbours,
    "javascript.file_scope.file_scope": lambda text: analyze.analyze(
        text, global_name="$n", typescript="auto", file="main.js"
    ),
    "session_environment.parse_dotenv": parse_dotenv,
    "terminal.escapes.needs_plain": escapes.needs_plain,
    "terminal.escapes.plain": escapes.plain,
    "terminal.escapes.plain_characters": lambda text: list(escapes.plain_characters(text)),
    "terminal.keyboard.Parser.feed, keys": lambda text: Parser(lambda press: None).feed(text),
    "terminal.keyboard.Parser.feed, paste": pasted,
    "terminal.escapes.slices": lambda text: list(escapes.slices(text)),
    "terminal.escapes.visible": lambda text: (
        escapes.visible(text, colour=True) + escapes.visible(text, colour=False)
    ),
    "terminal.background.background_in": background.background_in,
    "terminal.frames.folded": frames.folded,
    "terminal.frames.readable": frames.readable,
    "terminal.frames.without_kernel": frames.without_kernel,
    "terminal.lexers.styled": lambda text: [
        list(lexers.styled(lexer(), text)) for lexer in (lexers.InspectLexer, lexers.StackLexer)
    ],
    "terminal.live_region.LiveRegion.feed": lambda text: region().feed(text, "stdout"),
    "terminal.live_region.LiveRegion.feed, late": lambda text: region(prefix="[1] ").feed(
        text, "stdout"
    ),
    "terminal.live_region.LiveRegion.overlay": lambda text: region().overlay(text),
    "terminal.own_lines.OwnLines.feed": lambda text: own_lines.OwnLines(80, 24).feed(text),
    "terminal.folding.Fold.take": lambda text: folding.Fold(lambda: True).take(text, 80, 24),
    "terminal.folding.Rows.add": lambda text: folding.Rows(80, 24).add(text, float("inf")),
    "terminal.folding.Rows.inside": lambda text: folding.Rows(80, 24).inside(text, 10**9),
    "terminal.folding.first_screen": lambda text: folding.first_screen(text, 80, 24),
    "terminal.folding.lines_in": folding.lines_in,
    "terminal.own_lines.begun": own_lines.begun,
    "terminal.own_lines.is_live": own_lines.is_live,
    "terminal.pen.Pen.apply": lambda text: Pen().apply(
        "".join(filter("0123456789;:".__contains__, text))
    ),
    "terminal.snippet_lexer.SnippetLexer": painted,
    # Each lexer once, by one of its suffixes.
    **{
        f"terminal.source_text.source, {lexer}": partial(coloured_source, name=f"a.{suffix}")
        for suffix, lexer in source_text.LEXERS.items()
    },
    "javascript.session_files.report_in": session_files.report_in,
    "magics.file_patterns.Pattern.matches": lambda text: [
        file_patterns.Pattern("", ("**", "*a*", "b")).matches(text),
        file_patterns.Pattern("", ("*a*?[b]*",)).matches(text),
    ],
    "magics.file_patterns.pattern": lambda text: file_patterns.pattern(f"*{text}"),
    "magics.session_files.remote_path": accepting(
        lambda text: remote_path(text, arguments.Arguments("%a", text))
    ),
    "terminal.magic_words.is_first": magic_words.is_first,
    "terminal.magic_words.last_word": magic_words.last_word,
    "terminal.magic_words.magic_line": magic_words.magic_line,
    "terminal.magic_words.unquoted": magic_words.unquoted,
    "terminal.tables.columns_of": tables.columns_of,
    "terminal.tables.one_line": lambda text: tables.one_line(text, 80),
    "terminal.tables.table": lambda text: list(tables.table((text,), ((text,), (text,)), 80)),
    "terminal.render.render, error": rendered(
        lambda text: Execution(Status.ERROR, error=Thrown("Error", text, text))
    ),
    "terminal.render.render, error at the prompt": lambda text: render.render(
        Execution(Status.ERROR, error=Thrown("Error", text, text)), width=80, at_prompt=True
    ),
    "terminal.render.render, output": rendered(lambda text: Output(text, "stdout", 3)),
    "terminal.render.render, table": rendered(lambda text: Table((), ((text,), (text, text)))),
    "terminal.render.render, last column": rendered(lambda text: Table((), (("a", text),))),
    "terminal.render.render, value": rendered(
        lambda text: Execution(Status.OK, text, text, Value(text, text))
    ),
    "terminal.render.render, words": rendered(Words),
    "terminal.render.render, failure": rendered(lambda text: Failure(text, ExitCode.SERVICE)),
}

# Where a part of the text was copied for each piece of it, and for how many characters that outweighed all else.
COPYING = {"javascript.output.beyond": 60_000, "terminal.render.render, last column": 1_000_000}

# These hand the text on as it is, to files, to the service or to a function that has a row.
PASSED_ON = frozenset(
    """
    terminal.escapes.escape service.execute_calls.ExecuteCalls.call service.execute_calls.ExecuteCalls.session service.execute_calls.need sessions.embedded.EmbeddedClient.stream
    azure.arm.Arm.finish azure.arm.Arm.get azure.arm.Arm.items azure.arm.Arm.malformed azure.arm.Arm.next_page azure.arm.Arm.pages azure.arm.Arm.send azure.arm.Arm.wait azure.arm.open_arm azure.management.Management.at_version azure.management.Management.groups azure.management.Management.permissions azure.management.Management.provider azure.management.Management.subscription azure.named_pool.at_endpoint azure.named_pool.find_pool azure.named_pool.key_of azure.named_pool.one_named azure.remembered.forget_endpoint azure.remembered.recall azure.remembered.remember azure.roles.assignment_name
    client.device_login.sign_in_by_code client.http_client.open_client commands.pool_profile.write_profile config_file.add_profile terminal.asking.ask terminal.asking.confirm
    execution.queries.Queries.exports execution.session_offers.SessionOffers.exports javascript.offers.exports sessions.backend.Backend.file_names terminal.completion.Live.exports magics.screen.entry_of display.Display.use_theme config_file.set_key config_file.unset_key terminal.key_actions.key_sequence terminal.early_prompt.EarlyPrompt.show_banner unread.write_within cli.run actions.load actions.with_files program_files.program_files execution.analyses.Notes.added execution.analyses.Analyses.of execution.analyses.Analyses.prepare execution.executor.Executor.begin execution.output_buffer.OutputBuffer.rest session_environment.read_environment client.auth.auth_kind client.auth.make_auth doctor.examination.Examination.source terminal.capabilities.capabilities client.endpoint.address client.endpoint.check_token_may_go client.endpoint.is_loopback
    client.endpoint.origin client.http_errors.lacks_route client.http_errors.malformed client.http_errors.refuses_version
    client.wire.first_dialect client.wire.older
    javascript.decorators.rewrite javascript.first_error.first_error javascript.script_edits.PartEdits.name_value javascript.script_edits.PartEdits.replace javascript.script_edits.edited javascript.analyze.choose javascript.validity.node_at javascript.validity.tree_of sessions.store.last_record javascript.offers.members javascript.offers.packages javascript.prelude.call terminal.completion.Live.members terminal.completion.Live.packages execution.queries.Queries.members execution.queries.Queries.packages execution.session_offers.SessionOffers.members execution.session_offers.SessionOffers.keys terminal.completion.Live.keys javascript.completion_context.is_plain execution.session_offers.SessionOffers.packages
    magics.values.snippet_number terminal.folding.left_out terminal.coloured.code terminal.coloured.lexed terminal.render.render_value
    magics.files.send magics.room.check_room magics.file_patterns.has_pattern magics.file_patterns.is_deep magics.archives.Arrival.add magics.archives.unpack magics.directories.download_tree magics.directories.progress magics.directories.upload_tree magics.file_texts.edit_remote javascript.session_files.request magics.session_files.ask magics.session_files.check_file magics.session_files.check_kind magics.session_files.counted magics.session_files.find magics.session_files.is_allowed magics.session_files.matching magics.session_files.missing magics.session_files.own_name magics.session_files.received magics.session_files.remote_file
    execution.delivery.check_files service.node.file_of_package service.seccomp.number_of
    javascript.package_files.request magics.npm.npm_ended magics.npm_here.inspect magics.npm_here.run_npm_here
    magics.npm_local.install_local magics.directories.send_tree
    magics.local.local_path magics.local.matching_files magics.npm.npm_snippet magics.npm.run_npm magics.reload.reload_snippet magics.sh.sh_snippet magics.run_magic magics.save_script.save_script magics.copy.result_number terminal.picture_files.picture terminal.clipboard.copy terminal.clipboard.sequence terminal.clipboard.passed_by_tmux terminal.console.Console.copy
    client.round_trips.RoundTrips.add javascript.line_states.LineStates.take javascript.line_states.common_start terminal.line_offsets.LineOffsets.take javascript.line_states.around execution.previews.Previews.of terminal.preview_line.Values.of javascript.prelude.sources execution.queries.Queries.describe javascript.builtin_pages.builtin_page javascript.descriptions.describe magics.measuring.check_prelude magics.measuring.right_aligned magics.reset.run_reset javascript.instruments.question execution.queries.Queries.ask
    service.dialects.execution_body service.dialects.execution_headers service.dialects.running_body
    service.errors.ApiError.body service.errors.InvalidBody.body service.executions.Executions.answer service.executions.Executions.keep service.executions.Executions.start service.collecting.Streams.text
    service.files.delete service.files.describe service.files.open_file service.files.save
    service.processes.with_variable service.server.is_loopback service.server.serve service.reaper.Reaper.guard
    settings.Settings.blame execution.executor.Executor.run terminal.history.SnippetHistory.append_string line_editor.LineEditor.open terminal.history_file.HistoryFile.entry
    terminal.input_area.InputWindow.write_to_screen terminal.history.SnippetHistory.store_string terminal.pasting.Pasting.insert terminal.prompt.Prompt.read
    terminal.programs.edit terminal.progress_bar.progress_bar terminal.screen_output.ScreenOutput.write terminal.drawing.Drawing.is_live terminal.last_lines.LastLines.show_typed terminal.paint.Paint.start terminal.status_line.StatusLine.progress terminal.status_line.StatusLine.step terminal.status_line.frame theme_fitting.ThemeFitting.take terminal.streams.batches terminal.streams.Screen.write terminal.streams.Stream.encoded terminal.streams.Stream.put terminal.streams.Stream.write terminal.themes.load_theme terminal.typeahead.on_own_line
    """.split()
)
PASSED_ON_BY = (
    "client.session.",
    "dispatcher.Dispatcher.",
    "javascript.edit_list.EditList.",
    "magics.context.Runner.",
    "client.identifier.is_identifier",
    "sessions.overview.",
    "sessions.records.",
    "sessions.registry.Registry.",
    "sessions.state.SessionState.",
    "user_programs.UserPrograms.",
    "client.circumstances.without_secrets",
    "client.http_errors.endless_listing",
    "client.wire.Dialect.",
    "service.pool.Pool.",
    "service.session.Session.",
    "service.worker.Worker.",
    "service.connections.Connection.",
    "service.spawning.Process",
    "terminal.console.",
    "terminal.writer.Writer.",
)
TEXTS = frozenset(["str", "bytes", "bytes | str", "Sequence[str]", "Iterable[str]", "list[str]"])


def text_functions() -> set[str]:
    """The public functions and methods with a parameter that is text, by module and name."""
    found: set[str] = set()

    def look(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                look(node.body, f"{prefix}{node.name}.")
            elif isinstance(
                node, (ast.FunctionDef, ast.AsyncFunctionDef)
            ) and not node.name.startswith("_"):
                given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                if TEXTS.intersection(
                    ast.unparse(one.annotation) for one in given if one.annotation
                ):
                    found.add(prefix + node.name)

    for file in SOURCES.rglob("*.py"):
        parts = file.relative_to(SOURCES).with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        look(ast.parse(file.read_text("utf-8")).body, f"{module}." if module else "")
    return found


def seconds(work: Callable[[str], object], text: str, runs: int) -> float:
    """The least processor time of this thread that the work takes, without collections of garbage."""
    least = float("inf")
    gc.disable()
    try:
        for _ in range(runs):
            began = time.thread_time()
            work(text)
            least = min(least, time.thread_time() - began)
    finally:
        gc.enable()
    return least


def growth(
    work: Callable[[str], object], shape: Callable[[int], str], runs: int, least: float
) -> float:
    """How many times as long the work takes for four times the text; 0 where it takes no time to speak of.

    least: seconds that the longer of the two texts takes.
    """
    size = FIRST
    before = seconds(work, shape(size), runs)
    while (took := seconds(work, shape(4 * size), runs)) < least:
        size *= 4
        if size > MOST * least / MEASURABLE:
            return 0.0
        before = took
    return took / before


def test_every_text_function_has_a_row():
    """A public function that takes text is measured below, or named among those that only hand it on."""
    measured = {name.partition(",")[0] for name in FUNCTIONS}
    unknown = text_functions() - measured - PASSED_ON
    assert not {name for name in unknown if not name.startswith(PASSED_ON_BY)}
    assert not PASSED_ON - text_functions(), "these are gone"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_is_linear(name):
    """Four times the text takes less than six times as long, and no text is an exception in the function."""
    slow: dict[str, float] = {}
    for label, shape in SHAPES.items():
        ratio = LIMIT
        for runs, least in TRIES:
            if ratio >= LIMIT:
                ratio = growth(FUNCTIONS[name], shape, runs, least)
        if ratio >= LIMIT:
            slow[label] = round(ratio, 1)
    assert not slow


@pytest.mark.parametrize("name", COPYING)
def test_nothing_is_copied_again_and_again(name):
    """Four times as long a text takes less than six times as long, also where all else takes longer than copying it."""
    ratio = LIMIT
    for runs in (1, 2, 3, 5):
        if ratio >= LIMIT:
            short, long = (
                seconds(FUNCTIONS[name], "a" * size, runs)
                for size in (COPYING[name], 4 * COPYING[name])
            )
            ratio = long / short
    assert ratio < LIMIT


@pytest.mark.parametrize("label", HARD)
def test_what_is_hard_to_parse_is_given_up(label):
    """A text for which the grammars need quadratic time has a bound all the same, whatever is done with it."""
    text = HARD[label](100_000)
    began = time.process_time()
    assert paste_cleaning.clean(text) == paste_cleaning.Cleaned(text)
    assert not completeness.is_incomplete(text)
    assert analyze.analyze(text, global_name="g", typescript="auto").edits == ()
    highlighted(text)
    # Each reading of it may take a second; without the bound each takes a quarter of a minute.
    assert time.process_time() - began < 15

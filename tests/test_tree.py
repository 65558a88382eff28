"""The tree of the tests: where the tests of each module of noderepl are."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "noderepl"
# Tests of a module are in a file of its name, in the directory of its package. These files test modules without one.
MODULES_OF = {
    "azure/test_arm.py": "azure.arm_errors azure.fields",
    "azure/test_management.py": "azure.resources",
    "azure/test_named_pool.py": "azure.remembered",
    "commands/test_pools.py": """azure.pool_list commands.command commands.lookup commands.pool
        commands.running magics.pools""",
    "commands/test_setup.py": "azure.setup_answers commands.new_pool terminal.asking",
    "commands/test_setup_run.py": "azure.creation azure.roles commands.first_snippet commands.pool_profile",
    "client/test_auth.py": "client.sign_in",
    "commands/test_azure_page.py": "",
    "commands/test_tutorial_page.py": "",
    "commands/test_doctor.py": "doctor.report magics.doctor terminal.capabilities terminal.findings",
    "doctor/test_checks.py": """doctor.azure_checks doctor.examination doctor.finding doctor.local_checks
        doctor.network_checks doctor.session_checks""",
    "client/test_bounds.py": "client.bodies client.compression",
    "client/test_cuts.py": "client.circumstances",
    "client/test_negotiation.py": "client.wire",
    "client/test_session.py": "client.decode_listings client.listing client.uploads",
    "client/test_texts.py": "client.endpoint client.identifier client.inspect_literals",
    "client/test_transport.py": "client.heads client.http_client client.http_response client.transport_errors",
    "end_to_end/test_early_line.py": "early_line line_editor line_kinds",
    "end_to_end/test_hostile_pastes.py": "terminal.keyboard terminal.pasting",
    "end_to_end/test_imports.py": "__main__ starting",
    "end_to_end/test_internal_errors.py": "internal_error terminal.fault_tolerance",
    "end_to_end/test_long_outcomes.py": "foreground user_programs",
    "end_to_end/test_lost_sessions.py": "magics.keepalive magics.replay sessions.lifetime",
    "end_to_end/test_named_sessions.py": """commands.sessions magics.session_list resuming sessions.overview
        sessions.records""",
    "end_to_end/test_odd_machine.py": "text_files",
    "end_to_end/test_programs.py": "actions javascript.neighbours program_files",
    "end_to_end/test_preview.py": "terminal.preview_line",
    "end_to_end/test_prompt.py": """repl dispatcher display failures suspension toolbar terminal.early_prompt terminal.keys
        terminal.layout terminal.prompt terminal.snippet_lexer terminal.suggestions
        terminal.typeahead""",
    "end_to_end/test_resuming.py": "sessions.registry sessions.store",
    "end_to_end/test_script.py": "cli script unread usage_text execution.whole_output",
    "end_to_end/test_slow_terminal.py": """late_output terminal.above_prompt terminal.screen_output
        terminal.writer""",
    "end_to_end/test_terminal_programs.py": "execution.answers terminal.answer_line terminal.last_lines",
    "end_to_end/test_survival.py": "terminal.hangup terminal.job_control",
    "javascript/test_offers.py": "execution.queries",
    "execution/test_output_stream.py": """execution.analyses execution.background execution.executor
        execution.installing execution.interrupt execution.lane""",
    "faults/test_faults.py": "errors execution.delivery",
    "javascript/test_paste_cleaning.py": """javascript.markdown javascript.repl_transcripts javascript.typography
        javascript.validity""",
    "javascript/test_declarations.py": "javascript.declaration_index",
    "javascript/test_prelude_time.py": "",
    "javascript/test_analyze.py": """javascript.analysis javascript.dynamic_imports javascript.invalid_modules javascript.modules
        javascript.patterns javascript.scope_stack javascript.scopes""",
    "javascript/test_broken_sessions.py": "",
    "javascript/test_wrapped_builtins.py": "",
    "javascript/test_previews_in_session.py": "",
    "javascript/test_recall.py": "javascript.prelude_answers javascript.prelude_request",
    "javascript/test_snippet_table.py": "javascript.hints",
    "javascript/test_completeness.py": "javascript.first_error",
    "javascript/test_type_stripping.py": """javascript.decorators javascript.edit_list
        javascript.grammar_repairs javascript.references javascript.type_namespaces""",
    "javascript/test_script_text.py": "javascript.script_edits javascript.script_parts",
    "javascript/test_syntax.py": "javascript.completion_names javascript.highlight javascript.line_states",
    "magics/test_directories.py": "javascript.session_files magics.archives magics.download magics.session_files",
    "magics/test_in_session.py": "magics.files magics.session magics.values terminal.progress_bar",
    "magics/test_magic.py": "magics.running",
    "magics/test_measuring.py": "javascript.instruments javascript.reports units",
    "magics/test_npm_local.py": "javascript.package_files magics.npm_here",
    "magics/test_page.py": "",
    "magics/test_help.py": "magics.topics",
    "magics/test_preferences.py": "magics.context magics.screen preferences",
    "property/test_session_answers.py": "outcome schema",
    "service/test_app.py": "service.execute_calls service.executions service.management service.request_checks service.session",
    "service/test_channel.py": "service.collecting service.lines service.long_messages",
    "service/test_deleted.py": "service.usage",
    "service/test_descriptors.py": "",
    "service/test_files.py": "service.request_bodies",
    "service/test_kernel.py": "service.completion_values service.worker",
    "service/test_odd_requests.py": "service.errors",
    "service/test_sandbox.py": "service.bubblewrap service.devices",
    "service/test_sandbox_attacks.py": "",
    "service/test_launcher.py": "service.spawned service.spawning",
    "service/test_sandbox_limits.py": "service.diskguard service.processes service.watcher",
    "service/test_server.py": "serve service.reaper",
    "service/test_stopping.py": "service.threads",
    "terminal/test_completion.py": "terminal.magic_words",
    "terminal/test_console.py": "terminal.drawing terminal.pieces terminal.status_line terminal.streams",
    "terminal/test_live_region.py": "terminal.own_lines terminal.pen",
    "terminal/test_long_texts.py": "terminal.long_lines",
    "terminal/test_history.py": "history_entry terminal.history_file",
    "terminal/test_pictures.py": "terminal.picture_files",
    "terminal/test_render.py": "terminal.coloured terminal.outcome_length terminal.source_text terminal.tables",
    "terminal/test_themes.py": "terminal.style_names",
    "sessions/test_embedded.py": "sessions.embedded_launcher sessions.embedded_pool",
    "test_docs.py": "options",
    "test_signals.py": "sessions.backend sessions.run",
    "test_tree.py": "",
}
# What crosses modules: whole runs, tables of faults and attacks, random data, the kernel itself, other clients.
ACROSS = (
    "differential",
    "end_to_end",
    "scenarios",
    "faults",
    "hostile",
    "interop",
    "kernel",
    "parity",
    "peers",
    "property",
    "soak",
)


def file_of(module: Path) -> Path:
    """Where the tests of a module belong."""
    return TESTS / module.relative_to(PACKAGE).with_name(f"test_{module.name}")


def name_of(module: Path) -> str:
    """A module's name within noderepl."""
    return ".".join(module.relative_to(PACKAGE).with_suffix("").parts)


MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"]


def test_each_module_has_its_tests() -> None:
    """In the file of its name, or in one that the table names for it; not in both."""
    named = " ".join(MODULES_OF.values()).split()
    places = {name_of(one): file_of(one).is_file() + named.count(name_of(one)) for one in MODULES}
    assert {name: count for name, count in places.items() if count != 1} == {}


def test_the_table_names_what_there_is() -> None:
    """Each file and each module of the table is there."""
    assert [file for file in MODULES_OF if not (TESTS / file).is_file()] == []
    assert set(" ".join(MODULES_OF.values()).split()) <= {name_of(module) for module in MODULES}


def test_each_file_of_tests_has_its_place() -> None:
    """It has the name of a module, or is in the table, or in a directory of what crosses modules."""
    expected = {file_of(module) for module in MODULES} | {TESTS / file for file in MODULES_OF}
    found = {
        file for file in TESTS.rglob("test_*.py") if file.relative_to(TESTS).parts[0] not in ACROSS
    }
    assert found <= expected


def test_helpers_are_in_one_place() -> None:
    """Directories that mirror packages have tests and fixtures only; helpers for several are in support."""
    packages = {path.parent for path in PACKAGE.rglob("__init__.py")}
    mirrors = [TESTS / package.relative_to(PACKAGE) for package in packages]
    others = [
        file
        for mirror in mirrors
        for file in mirror.glob("*.py")
        if not file.name.startswith("test_") and file.name != "conftest.py"
    ]
    assert others == []

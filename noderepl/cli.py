"""The command line: argv -> Settings -> mode -> exit code.

Imports nothing heavy: --version and --help answer before httpx, prompt_toolkit or the embedded pool
are loaded.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from noderepl import __version__
from noderepl.actions import load, standard_input, with_files
from noderepl.errors import ConfigError, ExitCode, LocalFileError, NodeReplError, UsageError
from noderepl.javascript.program import Action, Program
from noderepl.options import OPTIONS, Option
from noderepl.session_environment import read_environment
from noderepl.settings import Settings, config_directory, read_settings
from noderepl.terminal.early_prompt import EarlyPrompt
from noderepl.unread import drop_rest, write_within
from noderepl.usage_text import DESCRIPTION, EPILOG

if TYPE_CHECKING:
    from noderepl.commands import Command

SERVE_ONLY = ("host", "port", "cooldown", "max-sessions", "tls-cert", "tls-key")
WAIT_SECONDS = 600
ACTIONS = (
    ("-e", "--eval", "eval", "CODE", "run CODE and print only its output"),
    ("-p", "--print", "print", "CODE", "run CODE and print its value, as node -p does"),
    ("-c", "--command", "command", "LINE", "run LINE as if typed at the prompt; magics work"),
)
# The options that take the next word.
VALUED = {
    "-pe",
    "--config",
    "--profile",
    "--env",
    "--env-file",
    *(flag for short, long, *_ in ACTIONS for flag in (short, long)),
    *(f"--{option.name}" for option in OPTIONS if option.metavar and option.name != "wait"),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


class _AppendAction(argparse.Action):
    """Stores -e, -p and -c in the order of the command line."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        namespace.actions = [*namespace.actions, Action(self.const, str(values))]


def run(argv: Sequence[str]) -> int:
    """Runs the command line.

    argv: the arguments after the program's name. Returns the exit code. Raises nothing: each error
    becomes one sentence on stderr and an exit code. --help and --version print and return 0.
    """
    _keep_stderr_clean()
    try:
        if argv[:1] == ["serve"]:
            return _serve(_settings(_parsed(_serve_parser(), argv[1:])))
        own, file, words = _split(argv)
        if file is not None and (command := _command(file)):
            return _run_command(command, [*own, *words])
        arguments = _parsed(_parser(), _with_wait(own))
        if file is None and words and not arguments.actions:
            file, words = words[0], words[1:]
        actions = [*arguments.actions, *([] if file is None else [Action("file", file)])]
        return _run_mode(_settings(arguments), arguments, actions, words)
    except NodeReplError as error:
        _complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except SystemExit as request:
        return request.code if isinstance(request.code, int) else ExitCode.USAGE
    except Exception as error:
        from noderepl.internal_error import internal_error, write_plainly

        write_plainly(internal_error(error))
        return ExitCode.INTERNAL


def _command(word: str) -> Command | None:
    from noderepl.commands import COMMANDS

    return COMMANDS.get(word)


def _keep_stderr_clean() -> None:
    """Logs errors in threads and finalizers, for which Python would print a traceback on stderr.
    Drops warnings.
    """

    def log(failure: Any) -> None:
        from noderepl.internal_error import internal_error

        if failure.exc_value is not None:
            internal_error(failure.exc_value)

    sys.unraisablehook = threading.excepthook = log
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def _parsed(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    try:
        return parser.parse_args(arguments)
    except OSError:
        # The first versions of Python 3.11 do not ignore that --help cannot be written; finish()
        # reports it.
        raise SystemExit(0) from None


def finish(code: int) -> int:
    """Flushes stdout. Returns `code`, or another exit code if stdout cannot be written."""
    try:
        sys.stderr.flush()
    except OSError:
        # Otherwise Python would replace the exit code by its own.
        drop_rest(sys.stderr)
    try:
        sys.stdout.flush()
    except OSError as error:
        drop_rest(sys.stdout)
        if isinstance(error, BrokenPipeError):
            return ExitCode.UNREAD
        _complain(LocalFileError(f"standard output cannot be written: {error.strerror}"))
        return code or ExitCode.USAGE
    return code


def _run_mode(
    settings: Settings,
    arguments: argparse.Namespace,
    actions: Sequence[Action],
    words: Sequence[str],
) -> int:
    if settings.pool is not None:
        from noderepl.commands.lookup import with_endpoint

        settings = with_endpoint(settings)
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    at_prompt = settings.interactive or (on_terminal and not actions)
    if at_prompt and not on_terminal:
        raise UsageError("--interactive needs a terminal on standard input and output")
    is_piped = not actions and not at_prompt
    loaded = [load(action, words) for action in actions]
    if not arguments.no_follow:
        loaded = [
            with_files(one, action.text, is_verbose=arguments.verbose)
            for one, action in zip(loaded, actions, strict=True)
        ]
    if is_piped:
        loaded = [replace(load(Action("file", "-"), words), program=Program(args=tuple(words)))]
    if not at_prompt:
        from noderepl.starting import run_script

        return run_script(settings, loaded, stdin=standard_input(actions, loaded))
    resumed = None
    if settings.resume:
        from noderepl.resuming import chosen_record

        resumed = chosen_record(settings)
    can_move = os.environ.get("TERM") != "dumb"
    banner = "" if settings.quiet or not can_move else f"noderepl {__version__}"
    visible = not loaded and can_move
    with EarlyPrompt(sys.stdin, sys.stdout, banner=banner, visible=visible) as early:
        from noderepl.starting import run_repl

        return run_repl(settings, loaded, early, resumed)


def _settings(arguments: argparse.Namespace) -> Settings:
    flags = {
        option.name: getattr(arguments, option.attribute)
        for option in OPTIONS
        if option.attribute in arguments
    }
    return read_settings(
        {name: value for name, value in flags.items() if value is not None},
        environ=os.environ,
        directory=config_directory(),
        file=Path(arguments.config).expanduser() if arguments.config else None,
        profile=arguments.profile,
        environment=read_environment(arguments.env_file, arguments.env, os.environ),
    )


def _run_command(command: Command, argv: Sequence[str]) -> int:
    parser = _Parser(
        prog=f"noderepl {command.name}", description=command.summary, allow_abbrev=False
    )
    parser.set_defaults(env=[], env_file=[])
    for option in OPTIONS:
        if option.name in command.options:
            _add_option(parser, option)
    command.add(parser)
    _add_config(parser)
    arguments = _parsed(parser, argv)
    try:
        settings = _settings(arguments)
    except ConfigError as error:
        if command.run_anyway is None:
            raise
        return command.run_anyway(error, arguments)
    return command.run(settings, arguments)


def _serve(settings: Settings) -> int:
    from noderepl.serve import serve

    return serve(settings)


def _complain(error: NodeReplError) -> None:
    from noderepl.terminal.escapes import visible

    with contextlib.suppress(OSError):
        write_within(sys.stderr, f"noderepl: {visible(str(error), colour=False)}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="noderepl",
        usage="noderepl [OPTION]... [FILE [ARG]...]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(actions=[])
    for flag, word, verb, metavar, summary in ACTIONS:
        parser.add_argument(
            flag, word, action=_AppendAction, const=verb, metavar=metavar, help=summary
        )
    for option in OPTIONS:
        if option.name not in SERVE_ONLY:
            _add_option(parser, option)
    for name, metavar, summary in (
        ("env", "NAME[=VALUE]", "set a variable of the session, by default to its value here"),
        ("env-file", "FILE", "set the variables in FILE, as node --env-file does"),
    ):
        parser.add_argument(f"--{name}", metavar=metavar, action="append", default=[], help=summary)
    parser.add_argument(
        "--no-follow", action="store_true", help="run FILE without the files that it imports"
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="list the files that FILE imports"
    )
    _add_config(parser)
    parser.add_argument("--version", action="version", version=f"noderepl {__version__}")
    return parser


def _split(argv: Sequence[str]) -> tuple[list[str], str | None, list[str]]:
    """Returns noderepl's own arguments, the FILE, and the words after it or after `--`."""
    own: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            return own, None, list(words)
        is_seconds = own[-1:] == ["--wait"] and word.isdecimal()
        if (word == "-" or not word.startswith("-")) and not is_seconds:
            return own, word, list(words)
        own.append("-p" if word == "-pe" else word)
        if word in VALUED:
            own += islice(words, 1)
    return own, None, []


def _with_wait(argv: Sequence[str]) -> list[str]:
    """Returns the arguments with the default seconds after a bare --wait, so that argparse does not
    parse a FILE as its value.
    """
    alone = [
        word == "--wait" and not (following or "").isdecimal()
        for word, following in zip_longest(argv, argv[1:])
    ]
    return [
        f"{word}={WAIT_SECONDS}" if is_alone else word
        for word, is_alone in zip(argv, alone, strict=True)
    ]


def _serve_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="noderepl serve",
        description="Serves the embedded pool: prints `listening on URL`; pass URL to --endpoint.",
        epilog=(
            "Clients must send the bearer token in NODEREPL_TOKEN. If it is not set, a token is"
            " created and printed once."
        ),
        allow_abbrev=False,
    )
    parser.set_defaults(env=[], env_file=[])
    for option in OPTIONS:
        if option.serve:
            _add_option(parser, option)
    _add_config(parser)
    return parser


def _add_option(parser: argparse.ArgumentParser, option: Option) -> None:
    names = [f"-{option.short}"] if option.short else []
    names.append(f"--{option.name}")
    summary = option.summary.replace("%", "%%")
    if option.default is True:
        parser.add_argument(
            *names,
            action=argparse.BooleanOptionalAction,
            default=None,
            dest=option.attribute,
            help=summary,
        )
    elif not option.metavar:
        parser.add_argument(
            *names, action="store_true", default=None, dest=option.attribute, help=summary
        )
    else:
        parser.add_argument(
            *names, metavar=option.metavar, default=None, dest=option.attribute, help=summary
        )


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="configuration file")
    parser.add_argument("--profile", metavar="NAME", help="profile of the configuration file")

"""%npm: runs npm in the session as a snippet, through child_process, and reports its exit code in
words.

It sends nothing itself: its snippet runs like any other.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence

from noderepl.errors import ExitCode
from noderepl.lazy_patterns import lazy_pattern
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.magics.npm_local import LOCAL, install_local
from noderepl.magics.values import without_value
from noderepl.outcome import Execution, Failure, Outcome, Status, Words
from noderepl.sessions.journal import CHANGES, INSTALLS, Npm

_NO_NETWORK = lazy_pattern(
    r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b"
    r"|^npm (error|ERR!) network",
    re.MULTILINE,
)
_EGRESS = "the pool needs egress enabled (EgressEnabled)"

# Words and numbers without quotes: inspect text, a JSON string and plain text represent them in the
# same way.
_ENDED = lazy_pattern(r"npm-(exit|signal|error) (\w+)")

# The exit code is the completion value, and the function keeps its names out of the global scope.
# With the prelude, whose streams have a descriptor, npm's output appears as it is written.
# npm's time limit is shorter than the snippet's, so that a slow npm ends without the loss of the
# session's state. By default, npm waits for 10 s before its first retry and would exceed its limit
# before it reports a missing network.
_SNIPPET = """\
(() => {
  const ended = require("child_process").spawnSync("npm", %s, {
    encoding: "utf-8",
    env: {
      npm_config_fetch_retry_mintimeout: "1000",
      npm_config_logs_max: "0",
      npm_config_update_notifier: "false",
      ...process.env,
    },
    maxBuffer: 67108864,
    stdio: ["ignore", ...(process.stdout.fd === 1 ? ["inherit", "inherit"] : ["pipe", "pipe"])],
    timeout: %d,
  });
  process.stdout.write(ended.stdout ?? "");
  process.stderr.write(ended.stderr ?? "");
  if (ended.error) return `npm-error ${ended.error.code}`;
  return ended.signal ? `npm-signal ${ended.signal}` : `npm-exit ${ended.status}`;
})()"""


def npm_snippet(arguments: Sequence[str], timeout: int) -> str:
    """Returns the JavaScript that runs npm with these arguments, with a time limit of a tenth less
    than `timeout` seconds.

    Its completion value is "npm-exit N", "npm-signal NAME" or "npm-error CODE". The tutorial
    contains the call (SEED).
    """
    return _SNIPPET % (json.dumps(list(arguments)), timeout * 900)


def no_network(said: str) -> bool:
    """Returns whether the output of npm says that it could not reach the network."""
    return _NO_NETWORK.search(said) is not None


def npm_ended(execution: Execution, timeout: int, offer: str = "") -> Outcome:
    """Returns the outcome of an npm snippet in words; a Failure if npm did not succeed.

    offer: appended to a sentence about a missing network.
    """
    text = execution.value.text if execution.value else ""
    ended = _ENDED.search(text)
    if ended is None:
        return Words("npm ran; its exit code is unknown.", warning=True)
    how, what = ended.groups()
    match (how, what):
        case ("exit", "0"):
            return Words("npm ended with exit code 0.")
        case ("error", "ENOENT"):
            why = "there is no npm in this session"
        case ("error", "ETIMEDOUT"):
            why = (
                f"npm was stopped: it ran longer than the {timeout} s a snippet may run; "
                f"%timeout allows more, and if npm cannot reach its registry, {_EGRESS}{offer}"
            )
        case ("error", _):
            why = f"npm could not be run in the session: {what}"
        case ("signal", _):
            why = f"npm was ended by {what}"
        case _:
            why = f"npm ended with exit code {what}"
            if no_network(execution.stderr):
                why += f"; it could not reach the network: {_EGRESS}{offer}"
    return Failure(why, ExitCode.THREW)


async def _npm(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    words = arguments.words()
    if not words:
        raise arguments.wrong("the npm command is missing")
    return await run_npm(context, words)


async def run_npm(context: Context, words: Sequence[str]) -> Sequence[Outcome]:
    """Runs npm with these arguments; records a change of packages in the journal. Raises
    NodeReplError.
    """
    if LOCAL in words:
        return await install_local(context, words)
    timeout = context.preferences.timeout
    execution = await context.runner.execute(npm_snippet(words, timeout))
    if execution.status is not Status.OK:
        return [execution]
    ended = npm_ended(execution, timeout, _offer(words))
    if words[0] in CHANGES and not isinstance(ended, Failure):
        context.state.journal.add(Npm(tuple(words)))
    return [*without_value(execution), ended]


def _offer(words: Sequence[str]) -> str:
    """Returns the end of a sentence that offers an install on this machine; "" if that is not
    possible.
    """
    is_install = words[0] in INSTALLS and not all(word.startswith("-") for word in words[1:])
    line = f"%npm {shlex.join(words)} {LOCAL}"
    return f"; {line} uses the npm of this machine" if is_install else ""


NPM = Magic(
    name="npm",
    group="Session",
    usage="%npm ARGUMENT… [--local [--scripts]]",
    summary="Run npm in the session",
    details=(
        "Accepts any npm command line: %npm install axios, %npm list, %npm view lodash version."
        " Packages go\nto the session's current directory. Installing needs a pool with egress"
        " enabled; with --local, npm\nruns on this machine, for the session's platform, and the"
        " packages are uploaded. Install scripts run\nonly with --scripts, on this machine."
    ),
    run=_npm,
    completes="package",
    words=(
        "install",
        "list",
        "uninstall",
        "update",
        "view",
        "outdated",
        "audit",
        "run",
        "--version",
    ),
)

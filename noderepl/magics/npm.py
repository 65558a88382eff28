"""%npm: runs npm in the session as a snippet, through child_process, and tells its exit code in words.

It sends nothing itself: the snippet goes the way of every snippet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from noderepl.errors import ExitCode
from noderepl.journal import CHANGES, Npm
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Execution, Failure, Outcome, Status, Words

_NO_NETWORK = re.compile(
    r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b"
    r"|^npm (error|ERR!) network",
    re.MULTILINE,
)
_EGRESS = "the pool needs egress enabled (EgressEnabled)"

# A word and a word or number without quotes: it reads the same as inspect text, as a JSON string and as bare text.
_ENDED = re.compile(r"npm-(exit|signal|error) (\w+)")

# The exit code is the completion value, and the function keeps every name out of the session. The time allowed to npm
# is less than the snippet's own, so that a slow npm is ended and not the session with all its state. npm's own first
# pause before it tries the network again, 10 s, would let it run out of time before it says that there is none.
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
    timeout: %d,
  });
  process.stdout.write(ended.stdout ?? "");
  process.stderr.write(ended.stderr ?? "");
  if (ended.error) return `npm-error ${ended.error.code}`;
  return ended.signal ? `npm-signal ${ended.signal}` : `npm-exit ${ended.status}`;
})()"""


def npm_snippet(arguments: Sequence[str], timeout: int) -> str:
    """The JavaScript that runs npm with these arguments, in at most this many seconds less a tenth.

    Its completion value is "npm-exit N", "npm-signal NAME" or "npm-error CODE". The call is the tutorial's (SEED).
    """
    return _SNIPPET % (json.dumps(list(arguments)), timeout * 900)


def npm_ended(execution: Execution, timeout: int) -> Outcome:
    """What the execution of an npm snippet says of npm's end, in words; a Failure where it did not end well."""
    text = execution.value.text if execution.value else ""
    ended = _ENDED.search(text)
    if ended is None:
        return Words("npm ran, but the session did not tell its exit code.", warning=True)
    how, what = ended.groups()
    match (how, what):
        case ("exit", "0"):
            return Words("npm ended with exit code 0.")
        case ("error", "ENOENT"):
            why = "there is no npm in this session"
        case ("error", "ETIMEDOUT"):
            why = (
                f"npm was stopped because it did not end within the {timeout} s a snippet may run; "
                f"%timeout allows more, and if npm cannot reach its registry, {_EGRESS}"
            )
        case ("error", _):
            why = f"npm could not be run in the session: {what}"
        case ("signal", _):
            why = f"npm was ended by {what}"
        case _:
            why = f"npm ended with exit code {what}"
            if _NO_NETWORK.search(execution.stderr):
                why += f"; it could not reach the network: {_EGRESS}"
    return Failure(why, ExitCode.THREW)


async def _npm(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    words = arguments.words()
    if not words:
        raise arguments.wrong("what npm shall do is missing")
    return await run_npm(context, words)


async def run_npm(context: Context, words: Sequence[str]) -> Sequence[Outcome]:
    """Runs npm with these arguments; what changes packages goes into the journal. Raises NodeReplError."""
    timeout = context.preferences.timeout
    execution = await context.execute(npm_snippet(words, timeout))
    if execution.status is not Status.OK:
        return [execution]
    ended = npm_ended(execution, timeout)
    if words[0] in CHANGES and not isinstance(ended, Failure):
        context.journal.add(Npm(tuple(words)))
    said = execution.stdout or execution.stderr
    return [replace(execution, value=None), ended] if said else [ended]


NPM = Magic(
    name="npm",
    usage="%npm ARGUMENT…",
    summary="Run npm in the session",
    details=(
        "Takes all that npm takes: %npm install axios, %npm list, %npm view lodash version. Packages are installed in\n"
        "the session's current directory. Installing needs a pool with egress enabled."
    ),
    run=_npm,
    completes="word",
    words=("install", "list", "uninstall", "update", "view", "outdated", "audit", "run", "--version"),
)

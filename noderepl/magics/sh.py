"""%sh: runs a line of a shell in the session as a snippet, through child_process, and reports its
exit code if it is not 0.

It sends nothing itself: its snippet runs like any other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from noderepl.errors import ExitCode
from noderepl.lazy_patterns import lazy_pattern
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.magics.values import without_value
from noderepl.outcome import Execution, Failure, Outcome, Status, Words

_ENDED = lazy_pattern(r"sh-(exit|signal|error) (\w+)")

# As for %npm, the exit code is the completion value, and the line ends before the snippet does.
_SNIPPET = """\
(() => {
  const ended = require("child_process").spawnSync("sh", ["-c", %s], {
    encoding: "utf-8",
    maxBuffer: 67108864,
    stdio: ["ignore", ...(process.stdout.fd === 1 ? ["inherit", "inherit"] : ["pipe", "pipe"])],
    timeout: %d,
  });
  process.stdout.write(ended.stdout ?? "");
  process.stderr.write(ended.stderr ?? "");
  if (ended.error) return `sh-error ${ended.error.code}`;
  return ended.signal ? `sh-signal ${ended.signal}` : `sh-exit ${ended.status}`;
})()"""


def sh_snippet(line: str, timeout: int) -> str:
    """Returns the JavaScript that runs a line by `sh -c`, with a time limit of a tenth less than
    `timeout` seconds.

    Its completion value is "sh-exit N", "sh-signal NAME" or "sh-error CODE".
    """
    return _SNIPPET % (json.dumps(line), timeout * 900)


def sh_ended(execution: Execution, timeout: int) -> Outcome | None:
    """Returns the outcome of a shell snippet in words, None if the line ended with 0. The exit code
    of a Failure is the line's own.
    """
    found = _ENDED.search(execution.value.text if execution.value else "")
    if found is None:
        return Words("The command ran; its exit code is unknown.", warning=True)
    match found.groups():
        case ("exit", "0"):
            return None
        case ("exit", code):
            return Failure(f"the command ended with exit code {code}", int(code))
        case ("error", "ETIMEDOUT"):
            why = (
                f"the command was stopped: it ran longer than the {timeout} s a snippet may run;"
                " %timeout allows more"
            )
        case ("error", "ENOENT"):
            why = "there is no shell in this session"
        case ("error", what):
            why = f"the command could not be run in the session: {what}"
        case (_, what):
            why = f"the command was ended by {what}"
    return Failure(why, ExitCode.THREW)


async def _sh(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    if not arguments.text.strip():
        raise arguments.wrong("the command is missing")
    timeout = context.preferences.timeout
    execution = await context.runner.execute(sh_snippet(arguments.text, timeout))
    if execution.status is not Status.OK:
        return [execution]
    ended = sh_ended(execution, timeout)
    shown = without_value(execution)
    return [*shown, ended] if ended is not None else shown


SH = Magic(
    name="sh",
    group="Session",
    usage="%sh COMMAND",
    summary="Run a line of a shell in the session",
    details=(
        "Runs the rest of the line by `sh -c` in the session's current directory, without standard"
        " input. An exit\ncode other than 0 is shown, and is the exit code of a script. A change of"
        " directory ends with the line."
    ),
    run=_sh,
)

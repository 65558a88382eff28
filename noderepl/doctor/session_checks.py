"""The checks of the pool's API and of a session in it, which is deleted afterwards."""

from __future__ import annotations

import re

from noderepl.client.circumstances import printable
from noderepl.client.http_errors import ROLE
from noderepl.doctor.examination import Examination
from noderepl.doctor.finding import Found
from noderepl.errors import (
    Forbidden,
    NotFound,
    PoolFull,
    ServiceError,
    Unauthorised,
    UnsupportedVersion,
)
from noderepl.outcome import Status

SNIPPET_SECONDS = 30
OLDEST = 20
# The session's own Node.js answers, without the prelude, which needs the inspector.
_INSPECTOR = """\
(() => {
  try {
    const { Session } = require("inspector");
    const session = new Session();
    let answer;
    session.connect();
    session.post("Runtime.evaluate", { expression: "6 * 7" }, (error, found) => {
      answer = error ? error.message : found.result.value;
    });
    session.disconnect();
    return `inspector ${answer}`;
  } catch (error) {
    return `inspector ${error.message}`;
  }
})()"""
_NPM = """\
(() => {
  const { spawnSync } = require("child_process");
  const ended = spawnSync("npm", ["ping", "--fetch-retries=0", "--fetch-timeout=8000"], {
    encoding: "utf-8",
    env: { npm_config_update_notifier: "false", npm_config_logs_max: "0", ...process.env },
    timeout: 20000,
  });
  const [, code = ""] = /\\bcode (E[A-Z0-9_]+)/.exec(ended.stderr) ?? [];
  return ended.error ? `npm ${ended.error.code}` : `npm ${ended.status} ${code}`;
})()"""
_TYPE = "use a pool of the type NodeLTS; `noderepl pools` lists them"
NODE_VERSION = re.compile(r"v\d{1,3}\.\d{1,4}\.[\w.-]{1,40}")
"""The text of process.version."""
_ENDED = re.compile(r"npm (\w+)(?: (\w*))?")


class _NotNode(ServiceError):
    """Code that each Node.js runs has failed."""


async def service(examination: Examination) -> Found:
    """Asks the pool for its metadata, which needs no session."""
    session = await examination.session()
    try:
        found = await session.metadata()
    except UnsupportedVersion:
        return Found("warning", "the API is older than /metadata", "nothing, if the session works")
    except (Unauthorised, Forbidden) as error:
        return _refused(examination, error)
    except NotFound:
        return Found("warning", "there is no /metadata (404): the API is old, or there is no pool")
    runtimes = ", ".join(f"{one.name} {one.version}".strip() for one in found.runtimes[:4])
    shown = f"api-version {session.dialect.version}" + (f", {runtimes}" if runtimes else "")
    return Found("ok", printable(shown, (), 160), source=examination.source("api-version"))


async def session(examination: Examination) -> Found:
    """Runs process.version in a new session."""
    try:
        found = await _run(examination, "process.version")
    except PoolFull:
        advice = "delete a session, or wait for the end of one's cooldown with --wait"
        return Found("failed", "the pool has no session left", advice)
    except (Unauthorised, Forbidden) as error:
        return _refused(examination, error)
    except NotFound:
        advice = "check the endpoint and its region; `noderepl pools --json` shows both"
        return Found("failed", "there is no pool at the endpoint (404)", advice)
    except _NotNode as error:
        return Found("failed", str(error), _TYPE)
    if not NODE_VERSION.fullmatch(found):
        return Found("failed", f"it does not answer as Node.js does: {found!r}", _TYPE)
    examination.version = found
    return Found("ok", "a session runs code")


async def node(examination: Examination) -> Found:
    """Finds the version of Node.js in the session."""
    found = examination.version
    if int(found[1:].partition(".")[0]) < OLDEST:
        return Found(
            "warning", f"{found} in the session", f"noderepl needs Node.js {OLDEST} or later"
        )
    return Found("ok", f"{found} in the session")


async def inspector(examination: Examination) -> Found:
    """Finds whether the session has an inspector."""
    found = await _run(examination, _INSPECTOR)
    if found == "inspector 42":
        return Found("ok", "works: await, import and redeclarations do too")
    detail = f"not in the session: {found.removeprefix('inspector ')}"
    return Found("warning", detail, "snippets run as typed, as with --mode plain")


async def npm(examination: Examination) -> Found:
    """Finds whether npm in the session reaches its registry."""
    if examination.has_egress is False:
        return Found("skipped", "needs egress")
    text = await _run(examination, _NPM)
    ended = _ENDED.match(text)
    how, code = (ended[1], ended[2] or "") if ended else ("", "")
    if how == "0" or code.startswith(("E4", "E5")):
        return Found("ok", "npm in the session reaches its registry")
    if how == "ENOENT":
        return Found("warning", "there is no npm in the session")
    why = code or ("it takes too long" if how == "ETIMEDOUT" else f"npm ended with {how or text!r}")
    advice = "the pool needs egress enabled, or npm in the session the address of your registry"
    return Found("warning", f"npm in the session does not reach its registry: {why}", advice)


async def _run(examination: Examination, code: str) -> str:
    """Returns the value of a snippet as one line. Raises ServiceError, also for an exception."""
    opened = await examination.session()
    secrets = (opened.identifier,)
    found = await opened.execute(code, timeout=SNIPPET_SECONDS, repeatable=True)
    if found.status is not Status.OK:
        why = f"{found.error.name}: {found.error.message}" if found.error else found.status
        shown = printable(why, secrets, 120)
        raise _NotNode(f"a session of the pool has not run the code ({shown})")
    return printable(str(found.value.data) if found.value else "undefined", secrets, 120)


def _refused(examination: Examination, error: Unauthorised | Forbidden) -> Found:
    """Returns the finding for a refusal of the pool itself."""
    if isinstance(error, Forbidden):
        advice = (
            f"give the account the role {ROLE!r} on the pool with `noderepl setup`; an assignment"
            " takes up to 10 minutes"
        )
        return Found("failed", "the pool refuses the account (403)", advice)
    if examination.auth == "token":
        advice = "set NODEREPL_TOKEN to a fresh token of the pool"
    elif examination.auth == "none":
        advice = "set NODEREPL_TOKEN, or --auth azure: the pool requires a token"
    else:
        advice = (
            "sign in again with `az login`; a role that was assigned less than 10 minutes ago is"
            " refused in this way too"
        )
    return Found("failed", "the pool refuses the token (401)", advice)

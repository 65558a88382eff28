"""The run of `noderepl setup`: sign-in, pool, role, profile, first snippet.

Each part checks what exists already, so that a run after an interrupted one goes on.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from functools import partial

from noderepl.azure.arm import CLOCK, Clock
from noderepl.azure.creation import CreationFailed, Step
from noderepl.azure.management import Management, open_management
from noderepl.azure.named_pool import find_pool, usable_endpoint
from noderepl.azure.resources import Claims, Pool
from noderepl.azure.roles import access_to, assign, assignment_line, is_new_assignment
from noderepl.azure.setup_answers import Answers, differences
from noderepl.client.auth import Credential
from noderepl.client.device_login import sign_in_by_code
from noderepl.commands.first_snippet import Propagation, first_snippet
from noderepl.commands.new_pool import NewPoolQuestions
from noderepl.commands.pool_profile import write_profile
from noderepl.errors import ExitCode, Forbidden, NodeReplError, ServiceError
from noderepl.outcome import Failure, Text
from noderepl.settings import Settings, state_directory
from noderepl.terminal.asking import Choice, Stopped, ask, confirm
from noderepl.terminal.console import Console
from noderepl.terminal.escapes import plain
from noderepl.threaded import in_thread

NEW = "create a new pool"
_OWNER = (
    "You must not assign roles on this pool. Ask an Owner or a User Access Administrator to run:"
)


class Setup:
    """One run.

    asks: whether questions are asked; otherwise each has its default, or yes. credential: replaces
    the usual one. clock: for waits.
    """

    def __init__(
        self,
        settings: Settings,
        answers: Answers,
        console: Console,
        *,
        asks: bool,
        credential: Credential | None = None,
        clock: Clock = CLOCK,
    ) -> None:
        self._settings, self._answers, self._console = settings, answers, console
        self._asks, self._credential, self._clock = asks, credential, clock
        self._done: list[str] = []
        self._again = "noderepl setup"
        self._is_assigned = False
        self._begun = ""

    async def run(self) -> int:
        """Runs all parts. Returns the exit code. Raises NodeReplError."""
        credential = self._credential
        if self._answers.login == "device":
            credential = await self._signed_in_by_code()
        management = open_management(
            self._settings, credential=credential, clock=self._clock, on_wait=self._console.step
        )
        try:
            return await self._set_up(management, credential)
        except (Stopped, asyncio.CancelledError) as stop:
            self._console.end_status()
            self._report("Stopped.")
            if isinstance(stop, asyncio.CancelledError):
                raise
            return ExitCode.INTERRUPTED
        except NodeReplError as error:
            self._console.end_status()
            if not (isinstance(error, ServiceError) and error.doubt):
                # Azure has refused the step.
                self._begun = ""
            if isinstance(error, CreationFailed):
                self._done.append(error.left)
            if self._done or self._begun:
                self._console.show(Failure(f"noderepl: {error}", error.exit_code))
                self._report("Setup has not finished.")
                return error.exit_code
            raise
        finally:
            await management.arm.aclose()

    async def _set_up(self, management: Management, credential: Credential | None) -> int:
        self._console.step("signing in to Azure")
        claims = await management.claims()
        self._console.end_status()
        self._say(f"Signed in{_as(claims)}.")
        pool = await self._pool(management)
        self._again = f"noderepl setup --pool {shlex.quote(pool.id.resource)}"
        has_role = await self._role(management, pool, claims)
        profile = await asyncio.to_thread(
            write_profile, self._settings, pool, self._answers.save_as
        )
        self._fact(f"The profile {profile} is in {self._settings.file}.")
        if not has_role:
            return ExitCode.NOT_AUTHORISED
        version = await first_snippet(
            self._settings,
            pool,
            credential,
            Propagation(management.arm.clock, self._console.step, is_new=self._is_assigned),
        )
        self._say(f"A session of the pool answers: process.version is {version}.")
        self._console.data(f"noderepl --profile {shlex.quote(profile)}\n")
        return ExitCode.OK

    async def _signed_in_by_code(self) -> Credential:
        loop = asyncio.get_running_loop()

        def show(address: str, code: str) -> None:
            sentence = f"Open {plain(address)} in a browser and enter the code {plain(code)}."
            loop.call_soon_threadsafe(self._say, sentence)

        scope, tenant = self._settings.arm_scope, self._settings.tenant
        sign_in = partial(sign_in_by_code, scope, tenant, show, state_directory())
        credential, is_stored = await in_thread(sign_in)
        if not is_stored:
            self._say(
                "There is no keyring here, so this sign-in lasts for this run only; one by"
                " `az login` lasts longer."
            )
        return credential

    async def _pool(self, management: Management) -> Pool:
        """Returns the pool: the one that is named, chosen or created."""
        if self._answers.create:
            return await self._created(management)
        if self._settings.pool:
            with self._settings.blame("pool"):
                return await self._named(management, self._settings.pool)
        self._console.step("asking Azure for pools")
        found = await management.pools()
        self._console.end_status()
        for complaint in found.complaints:
            self._warn(complaint)
        pools = [pool for pool in found.pools if pool.is_node]
        if not pools:
            self._say("There is no NodeLTS pool yet that you can see; this creates one.")
            return await self._created(management)
        return await self._chosen(management, pools)

    async def _named(self, management: Management, name: str) -> Pool:
        pool = await find_pool(name, management, self._warn)
        usable_endpoint(pool)
        return pool

    async def _chosen(self, management: Management, pools: Sequence[Pool]) -> Pool:
        names = [pool.id.name.lower() for pool in pools]
        texts = {
            pool.id.name if names.count(pool.id.name.lower()) == 1 else pool.id.resource: pool
            for pool in pools
        }
        choices = [Choice(text, _about(pool)) for text, pool in texts.items()]
        choices.append(Choice(NEW))
        chosen = await ask(
            self._console,
            "Which pool?",
            default=choices[0].text,
            choices=choices,
            check=lambda text: "" if text in texts or text == NEW else "there is no such pool",
        )
        if chosen == NEW:
            return await self._created(management)
        return await self._named(management, texts[chosen].id.resource)

    async def _created(self, management: Management) -> Pool:
        questions = NewPoolQuestions(management, self._answers, self._console, asks=self._asks)
        new, steps = await questions.ask()
        self._again = questions.command(new)
        if not steps:
            self._say(f"The pool {new.id.name} exists already.")
        else:
            self._say(questions.costs(new))
            await self._do(steps)
        pool = await management.pool(new.id)
        if not steps and (sentence := differences(self._answers, pool)):
            self._warn(sentence)
        usable_endpoint(pool)
        return pool

    async def _do(self, steps: Sequence[Step]) -> None:
        """Shows the steps as lines for `az`, asks once for all, and does them."""
        for step in steps:
            self._say(f"{step.title}:")
            # On one line, so that it can be copied.
            self._console.show(Text(f"    {step.line}"))
        question = "Do this?" if len(steps) == 1 else "Do these steps?"
        if self._asks and not await confirm(self._console, question):
            raise Stopped
        for step in steps:
            self._console.step(step.title)
            self._begun = step.title
            await step.run()
            self._begun = ""
            self._console.end_status()
            self._fact(step.done)

    async def _role(self, management: Management, pool: Pool, claims: Claims) -> bool:
        """Returns whether the account has the role now, or may have it; assigns it if it may."""
        access = await access_to(management, pool.id)
        if access.executes:
            self._say("You have the role that the pool needs.")
            self._is_assigned = await is_new_assignment(management, pool.id, claims)
            return True
        line = assignment_line(pool.id, claims)
        if access.executes is None:
            self._say("Your rights on this pool cannot be read, so this tries it.")
            return True
        if not access.assigns:
            return self._ask_owner(line)
        step = Step(
            "Give you the role Azure ContainerApps Session Executor on this pool",
            line,
            "You have the role Azure ContainerApps Session Executor on the pool.",
            partial(assign, management, pool.id, claims),
        )
        try:
            await self._do([step])
        except Forbidden:
            self._console.end_status()
            return self._ask_owner(line)
        self._is_assigned = True
        return True

    def _command(self) -> str:
        """Returns the command that goes on, with the flags of this one that matter for it."""
        tenant, profile = self._settings.tenant, self._answers.save_as
        flags = [
            *(("--tenant", tenant) if tenant else ()),
            *(("--save-as", profile) if profile else ()),
        ]
        return " ".join([self._again, *map(shlex.quote, flags)])

    def _ask_owner(self, line: str) -> bool:
        self._console.words(_OWNER, warning=True)
        self._console.data(f"{line}\n")
        self._say(f"Then run:\n    {self._command()}")
        return False

    def _fact(self, sentence: str) -> None:
        self._done.append(sentence)
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        self._console.words(sentence)

    def _warn(self, sentence: str) -> None:
        self._console.words(sentence, warning=True)

    def _report(self, why: str) -> None:
        """Says what exists now, and how to go on."""
        begun = f"This had begun and may still take effect: {self._begun}." if self._begun else ""
        facts = " ".join(filter(None, (*self._done, begun)))
        exists = facts or "Nothing has been created or changed."
        self._warn(f"{why} {exists} To go on, run:\n    {self._command()}")


def _as(claims: Claims) -> str:
    name = f" as {claims.name}" if claims.name else ""
    return f"{name} (tenant {claims.tenant})" if claims.tenant else name


def _about(pool: Pool) -> str:
    egress = {True: ", egress", False: ", no egress", None: ""}[pool.egress]
    return f"{pool.location}{egress}, {pool.id.group}"

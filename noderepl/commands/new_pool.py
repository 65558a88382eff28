"""The questions about a new pool, each with a default that Enter accepts."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from noderepl.azure.creation import (
    COOLDOWN,
    SESSIONS,
    NewPool,
    Step,
    creation_steps,
    location_name,
)
from noderepl.azure.management import Management
from noderepl.azure.resources import PoolId, Provider, Subscription
from noderepl.azure.setup_answers import (
    Answers,
    wrong_cooldown,
    wrong_egress,
    wrong_group,
    wrong_name,
    wrong_sessions,
)
from noderepl.errors import NotFound, UsageError
from noderepl.terminal.asking import Choice, ask
from noderepl.terminal.console import Console

NAME = GROUP = "noderepl"
BILLING = "https://learn.microsoft.com/azure/container-apps/billing"


class NewPoolQuestions:
    """Asks what is not given. answers: what is given. asks: whether questions are asked; otherwise
    each has its default.
    """

    def __init__(
        self, management: Management, answers: Answers, console: Console, *, asks: bool
    ) -> None:
        self._management, self._answers, self._console = management, answers, console
        self._asks = asks

    async def ask(self) -> tuple[NewPool, Sequence[Step]]:
        """Returns the pool, and the steps that create it; none if it exists. Raises NodeReplError,
        Stopped.
        """
        given = self._answers
        subscription = await self._subscription()
        self._console.step("asking Azure for regions and resource groups")
        provider = await self._management.provider(subscription.id)
        groups = await self._management.groups(subscription.id)
        self._console.end_status()
        group = await self._one(
            "Resource group?",
            given.group,
            choices=_first(GROUP, groups),
            metas={GROUP: groups.get(GROUP, "new"), **groups},
            check=wrong_group,
        )
        name = await self._one("Name of the pool?", given.create, default=NAME, check=wrong_name)
        identity = PoolId(subscription.id, group, name)
        # Without the provider there is no pool, and Azure may refuse the question.
        if provider.is_registered and await self._exists(identity):
            return NewPool(identity, "", egress=True), ()
        location = await self._location(provider, groups.get(group, ""))
        egress = await self._one(
            "Network access of sessions (npm install needs it)?",
            given.egress,
            choices=("enabled", "disabled"),
            check=wrong_egress,
        )
        cooldown = await self._one(
            "Seconds after which an idle session ends, 300 to 3600?",
            given.cooldown,
            default=str(COOLDOWN),
            check=wrong_cooldown,
        )
        sessions = await self._one(
            "Maximum of sessions at the same time, 1 to 600?",
            given.sessions,
            default=str(SESSIONS),
            check=wrong_sessions,
        )
        new = NewPool(identity, location, egress == "enabled", int(cooldown), int(sessions))
        return new, creation_steps(self._management, new, provider, groups)

    def command(self, new: NewPool) -> str:
        """Returns the command that goes on with this pool."""
        words = ["noderepl", "setup", "--create", new.id.name, "--resource-group", new.id.group]
        words += ["--subscription", new.id.subscription]
        if new.location:
            words += ["--location", location_name(new.location)]
            words += ["--egress", "enabled" if new.egress else "disabled"]
            words += ["--cooldown", str(new.cooldown), "--max-sessions", str(new.sessions)]
        return shlex.join(words)

    def costs(self, new: NewPool) -> str:
        """Returns what it costs to leave the pool idle."""
        return (
            "Azure bills a pool of this type per session; a session ends when it has been idle for"
            f" {new.cooldown} s, and there are at most {new.sessions}. No price is known for an"
            f" idle pool without sessions; {BILLING} has the prices. `noderepl pool delete"
            f" {new.id.name}` removes the pool."
        )

    async def _exists(self, pool: PoolId) -> bool:
        try:
            await self._management.pool(pool)
        except NotFound:
            return False
        return True

    async def _subscription(self) -> Subscription:
        given = self._answers.subscription.lower()
        found = await self._management.subscriptions()
        usable = [one for one in found if one.state.lower() in ("", "enabled")]
        if given:
            fitting = [one for one in found if given in (one.id.lower(), one.name.lower())]
            if len(fitting) != 1:
                raise UsageError(
                    f"there {'is no' if not fitting else 'are several'} subscription"
                    f" {self._answers.subscription}; the sign-in has: {_named(found)}"
                )
            return fitting[0]
        if not usable:
            raise NotFound(
                "the sign-in has no enabled subscription, in which a pool could be created; sign in"
                " to another tenant with `az login --tenant TENANT` and give --tenant, or create a"
                " subscription at https://portal.azure.com"
            )
        if len(usable) == 1:
            return usable[0]
        if not self._asks:
            raise UsageError(f"--subscription is missing; the sign-in has: {_named(usable)}")
        names = [one.name for one in usable]
        texts = {
            one.name if one.name and names.count(one.name) == 1 else one.id: one for one in usable
        }
        by_text = {**{one.id: one for one in usable}, **texts}
        chosen = await ask(
            self._console,
            "Subscription?",
            default=next(iter(texts)),
            choices=[Choice(text, f"{one.name} {one.id}") for text, one in texts.items()],
            check=lambda text: "" if text in by_text else "there is no such subscription",
        )
        return by_text[chosen]

    async def _location(self, provider: Provider, of_group: str) -> str:
        regions = provider.locations
        known = {location_name(one): one for one in regions}
        own = known.get(location_name(of_group))
        real = [one for one in regions if "stage" not in one.lower()]
        default = own or (real or list(regions) or ["westus2"])[0]

        def check(text: str) -> str:
            if not known or location_name(text) in known:
                return ""
            return "must be a region with session pools: " + ", ".join(list(known)[:60])

        chosen = await self._one(
            "Region?", self._answers.location, choices=_first(default, real), check=check
        )
        if why := check(chosen):
            raise UsageError(f"--location {why}, not {chosen[:60]!r}")
        return known.get(location_name(chosen), chosen)

    async def _one(
        self,
        question: str,
        given: str,
        *,
        default: str = "",
        choices: Sequence[str] = (),
        metas: Mapping[str, str] = {},
        check: Callable[[str], str],
    ) -> str:
        """Returns the given answer, or asks. choices: a menu, the default first."""
        default = default or choices[0]
        if given:
            return given
        if not self._asks:
            return default
        menu = [Choice(one, metas.get(one, "")) for one in choices]
        return await ask(self._console, question, default=default, choices=menu, check=check)


def _first(default: str, others: Mapping[str, str] | Sequence[str]) -> Sequence[str]:
    return [default, *(one for one in others if one != default)]


def _named(subscriptions: Sequence[Subscription]) -> str:
    return ", ".join(f"{one.name} ({one.id})" for one in subscriptions) or "none"

"""%reset: removes variables of the session."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher
from noderepl.errors import UsageError
from noderepl.outcome import Prefill, Text, is_failure
from noderepl.sessions.journal import Journal, Reset, Snippet, variables

Open = Callable[..., Awaitable[Dispatcher]]
MAKES = "const c = 1; let l = 2; var v = 3; g = 4; function f() {}; class K {}; 7"


async def test_names_are_removed_or_emptied(dispatch: Open) -> None:
    """A property of the global object is gone; a binding that cannot be removed is undefined, and a sentence says so."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, MAKES)
    text = await shown(dispatcher, "%reset v g c l c")
    assert text.startswith("Removed v and g.\nSet c and l to undefined:")
    assert "ReferenceError: v is not defined" in await shown(dispatcher, "v")
    assert "ReferenceError: g is not defined" in await shown(dispatcher, "g")
    assert await shown(dispatcher, "[c, l]") == "[ undefined, undefined ]"
    listed = await shown(dispatcher, "%who")
    assert [line.split()[0] for line in listed.splitlines()[1:]] == ["K", "f"]
    assert set(dispatcher.state.names) == {"K", "f"}
    assert await shown(dispatcher, "c = 8") == "8"
    assert await shown(dispatcher, "const l = 9; l") == "9"
    assert {line.split()[0] for line in (await shown(dispatcher, "%who")).splitlines()[1:]} == {
        "c",
        "l",
        "f",
        "K",
    }


async def test_all_names_need_a_question(dispatch: Open) -> None:
    """At the prompt Enter confirms; in a script --yes is needed; results are removed too."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, MAKES)
    *_, prefill = await dispatcher.run_line("%reset")
    assert prefill == Prefill("%reset --yes")
    assert await shown(dispatcher, "v") == "3"
    assert "Removed v, g and 2 results." in await shown(dispatcher, "%reset --yes")
    assert await shown(dispatcher, "%who") == "The session has no variables."
    assert await shown(dispatcher, "[typeof _1, _]") == "[ 'undefined', undefined ]"
    script = await dispatch()
    await shown(script, "x = 1")
    with pytest.raises(
        UsageError, match="the variable x and all results of the session; %reset --yes does so"
    ):
        await script.run_line("%reset")
    assert await shown(script, "%reset --yes") == "Removed x and 1 result."
    assert await shown(script, "%reset --yes") == "The session has no variables."


async def test_unknown_names_change_nothing(dispatch: Open) -> None:
    """Built-ins and the prelude are no variables of snippets."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, "x = 1")
    outcomes = await dispatcher.run_line("%reset Array process nowhere 'a b'")
    assert is_failure(outcomes[0]) and len(outcomes) == 1
    assert is_failure((await dispatcher.run_line("%reset x nowhere"))[0])
    assert await shown(dispatcher, "typeof Array + x") == "'function1'"
    assert not [entry for entry in dispatcher.state.journal.done if isinstance(entry, Reset)]


async def test_replay_repeats_it(dispatch: Open) -> None:
    """The journal has it as a step, and so has a kept session."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, "x = 1; y = 2")
    await shown(dispatcher, "%reset x")
    assert variables(dispatcher.state.journal.done) == (["y"], True)
    dispatcher.state.journal.lose()
    assert "%reset x" in await shown(dispatcher, "%replay --dry-run")
    await shown(dispatcher, "%replay")
    assert await shown(dispatcher, "typeof x + y") == "'undefined2'"
    events: list[object] = []
    journal = Journal(events.append)  # type: ignore[arg-type]
    journal.add(Snippet("x = 1", 1))
    journal.add(Reset(("x",)))
    journal.add(Reset(()))
    again = Journal()
    again.restore(json.loads(json.dumps(events)))
    assert again.done == journal.done
    assert variables(journal.done) == ([], True)


async def test_reset_as_json(dispatch: Open) -> None:
    """What was removed, as an object."""
    dispatcher = await dispatch(json=True)
    await dispatcher.run_line("x = 1; let y = 2")
    (outcome,) = await dispatcher.run_line("%reset x y")
    assert isinstance(outcome, Text)
    assert json.loads(outcome.text) == {
        "removed": ["x"],
        "emptied": ["y"],
        "missing": [],
        "results": 0,
    }

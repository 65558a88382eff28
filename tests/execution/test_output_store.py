"""The output of snippets is there for %page N and %save --output N."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from noderepl.dispatcher import Dispatcher
from noderepl.errors import UsageError
from noderepl.execution.output_store import NOT_STORED, OutputStore
from noderepl.outcome import Execution, Outcome, Output, Page, Saved, Status, Words
from noderepl.terminal.drawing import page_texts

Open = Callable[..., Awaitable[Dispatcher]]
LOOP = "for (let i = 0; i < 500; i++) console.log('line', i)"
LINES = "".join(f"line {number}\n" for number in range(500))


def paged(outcomes: Sequence[Outcome]) -> str:
    """The text of the page among outcomes, which is the first one."""
    assert isinstance(outcomes[0], Page)
    return "".join(page_texts(outcomes[0]))


@pytest.fixture
async def dispatcher(dispatch: Open) -> Dispatcher:
    """Of a prompt."""
    return await dispatch(at_prompt=True, show=lambda outcome: None)


async def test_output_and_value(dispatcher: Dispatcher) -> None:
    """%page shows the output, then the value, of the last snippet or of a number."""
    await dispatcher.run_line(f"{LOOP}; [[[[[[1]]]]]]")
    deep = "[\n  [\n    [\n      [ [ [ 1 ] ] ]\n    ]\n  ]\n]\n"
    for line in ("%page", "%page 1", "%page _1"):
        assert paged(await dispatcher.run_line(line)) == LINES + deep
    assert paged(await dispatcher.run_line("%page 1 --output")) == LINES
    await dispatcher.run_line("'a string'")
    assert paged(await dispatcher.run_line("%page")) == "a string\n"
    await dispatcher.run_line("console.error('x'); console.log('y')")
    assert paged(await dispatcher.run_line("%page")) == "x\ny\n"
    assert paged(await dispatcher.run_line("%page 1")) == LINES + deep
    await dispatcher.run_line("undefined")
    assert paged(await dispatcher.run_line("%page")) == "a string\n"


async def test_the_output_of_a_magic(dispatcher: Dispatcher) -> None:
    """%page shows what %sh has written, without a value."""
    await dispatcher.run_line("40 + 2")
    await dispatcher.run_line("%sh seq 3")
    assert paged(await dispatcher.run_line("%page")) == "1\n2\n3\n"


async def test_save(dispatcher: Dispatcher, tmp_path: Path) -> None:
    """%save --output N writes the bytes, and replaces a file only with --force."""
    await dispatcher.run_line("process.stdout.write(Buffer.from([0x61, 0xff, 0x0a])); 1")
    await dispatcher.run_line(r"process.stdout.write('\x1b[31mred\x1b[0m')")
    file = tmp_path / "out"
    assert isinstance((await dispatcher.run_line(f"%save --output 1 {file}"))[0], Saved)
    assert file.read_bytes() == b"a\xff\n"
    with pytest.raises(UsageError, match="already exists"):
        await dispatcher.run_line(f"%save --output 2 {file}")
    await dispatcher.run_line(f"%save --output=2 {file} --force")
    assert file.read_bytes() == b"\x1b[31mred\x1b[0m"


async def test_output_that_cannot_be_stored_is_shown_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown before its outcome, so that it is not folded; a sentence says why."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    shown: list[Outcome] = []
    store = OutputStore(shown.append, lambda is_stored: None, is_on=True)

    async def ran() -> Execution:
        return Execution(Status.OK, stdout=LINES, number=1)

    assert (await store.during(ran())).streamed
    assert "".join(one.text for one in shown if isinstance(one, Output)) == LINES
    assert list(store.trouble()) == [
        Words(NOT_STORED.format("No such file or directory"), warning=True)
    ]
    store.close()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%page 0", "'0' is not the number of a snippet"),
        ("%page x", "'x' is not the number of a snippet"),
        ("%page 99999999999", "is not the number of a snippet"),
        ("%page 1 2", "'2' is an extra argument"),
        ("%page 9", "snippet 9 has neither output nor a value"),
        ("%page 9 --output", "there is no output of snippet 9"),
        ("%save --output 9 file", "there is no output of snippet 9"),
        ("%save --output x file", "'x' is not the number of a snippet"),
        ("%save --output 1", "an argument is missing"),
        ("%save --output 1 --result file", "only one of --script, --result and --output"),
    ],
)
async def test_wrong_arguments(dispatcher: Dispatcher, line: str, message: str) -> None:
    """One sentence says what is wrong."""
    await dispatcher.run_line("1")
    with pytest.raises(UsageError, match=message):
        await dispatcher.run_line(line)


async def test_no_getter_runs(dispatcher: Dispatcher) -> None:
    """A getter in place of a result is no result."""
    await dispatcher.run_line("Object.defineProperty(globalThis, '_9', { get() { hurt = 1 } }); 1")
    with pytest.raises(UsageError, match="neither output nor a value"):
        await dispatcher.run_line("%page 9")
    assert "hurt" not in (await dispatcher.run_line("typeof hurt"))[0].value.text  # type: ignore[attr-defined]


async def test_the_output_outlives_the_session(dispatcher: Dispatcher) -> None:
    """After the session has ended, the output is shown, with a sentence about the value."""
    await dispatcher.run_line(LOOP)
    await dispatcher.run_line("%session new")
    outcomes = await dispatcher.run_line("%page 1")
    assert paged(outcomes) == LINES and not [one for one in outcomes if isinstance(one, Words)]

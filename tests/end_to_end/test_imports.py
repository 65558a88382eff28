"""What start-up may load, in a fresh interpreter each: slow imports come late, and Node.js starts before them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from driving import Screen, environment

SLOW = ("httpx", "prompt_toolkit", "pygments", "starlette", "azure", "msgspec")
# What -p and -e on the embedded pool never need.
UNUSED = (
    "anyio", "click", "difflib", "fractions", "h11", "html", "httpcore", "mimetypes", "noderepl.client.http_client",
    "noderepl.commands", "noderepl.doctor.checks", "noderepl.magics", "noderepl.service.app", "python_multipart",
    "hmac", "inspect", "prompt_toolkit", "rich", "secrets", "statistics", "tenacity", "typing_extensions",
)  # fmt: skip
MOST_MODULES = 365
LIST = f"print([name for name in {SLOW!r} if name in sys.modules], file=sys.stderr)"
PROBE = f"""
import json, sys
from pathlib import Path
from noderepl import cli
from noderepl.service import spawned
from noderepl.terminal import prompt

events = []
spawn, shown = spawned.spawn, prompt.Prompt.read

def note(event):
    events.append([event, [name for name in {SLOW!r} if name in sys.modules]])
    Path(sys.argv[1]).write_text(json.dumps(events))

def spawn_noted(launch):
    note("node starts")
    return spawn(launch)

async def read(self, *, painted, **more):
    return await shown(self, painted=lambda: (note("painted"), painted()), **more)

spawned.spawn, prompt.Prompt.read = spawn_noted, read
cli.run([])
"""


def probe(home: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Runs some code in a fresh interpreter, and lists the slow modules on stderr."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{LIST}"],
        env=environment(home), capture_output=True, text=True, check=True,
    )  # fmt: skip


def loaded(home: Path, code: str) -> list[str]:
    """Which of the slow modules are loaded after some code."""
    ran = probe(home, code)
    return [name for name in SLOW if f"'{name}'" in ran.stderr.splitlines()[-1]]


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_help_and_version_load_nothing_slow(home, flag):
    """--version and --help load none of httpx, prompt_toolkit, pygments, starlette and azure."""
    assert loaded(home, f"from noderepl.cli import run\nrun([{flag!r}])") == []


@pytest.mark.parametrize("flag", ["-e", "-p"])
def test_a_script_loads_no_http_and_no_magics(home, flag):
    """-e and -p on the embedded pool load no HTTP library, no terminal, no magics and no commands."""
    # With --json nothing looks for output of a snippet that takes long, as on a busy machine.
    code = f"""from noderepl.__main__ import main
sys.argv[1:] = ['--json', {flag!r}, "console.log([1, 'a'])"]
assert main() == 0
print([name for name in {UNUSED!r} if name in sys.modules], len(sys.modules), file=sys.stderr)"""
    ran = probe(home, code)
    *_, unused, slow = ran.stderr.splitlines()
    names, _, count = unused.rpartition(" ")
    assert names == "[]" and int(count) <= MOST_MODULES
    assert slow == "['msgspec']"


SIZES = """from noderepl.service import channel
sizes, send = [], channel.Channel.send

async def counted(self, message):
    sizes.append(len(message["code"]))
    await send(self, message)

channel.Channel.send = counted
from noderepl.cli import run
assert run(["-p", "1", "-p", "2"]) == 0
print(*sizes, file=sys.stderr)"""


def test_the_embedded_pool_gets_the_prelude_once(home):
    """The first worker gets the prelude while Python imports, and no snippet contains it again."""
    *_, sizes, _ = probe(home, SIZES).stderr.splitlines()
    prelude, *snippets = map(int, sizes.split())
    assert prelude > 100_000
    assert len(snippets) == 2 and max(snippets) < 5000


BEFORE_ASYNCIO = """
import sys
from noderepl.cli import run
from noderepl.service import launcher
begin = launcher.Launcher.begin

def noted(self):
    print('asyncio' in sys.modules, file=sys.stderr)
    begin(self)

launcher.Launcher.begin = noted
assert run(["-p", "1"]) == 0"""


def test_node_starts_before_asyncio_is_imported(home):
    """The start of Node.js does not wait for the event loop of this run."""
    assert probe(home, BEFORE_ASYNCIO).stderr.splitlines()[0] == "False"


WITHOUT = """from noderepl.cli import run
from noderepl.javascript import prelude
given, install = [], prelude.installation
prelude.installation = lambda variables: (given.append(0), install(variables) if len(given) > 1 else "0")[1]
assert run(["-e", "const a = 1", "-p", "await a + 1"]) == 0
print(len(given), file=sys.stderr)"""


def test_a_worker_that_did_not_get_the_prelude_gets_it_with_the_first_snippet(home):
    """If the worker has no prelude, the first snippet is sent again with it, and nothing is reported."""
    ran = probe(home, WITHOUT)
    assert ran.stdout == "2\n"
    assert ran.stderr.splitlines()[:-1] == ["2"]


def test_the_prompt_is_painted_before_the_network_is_loaded(home, tmp_path):
    """Node.js is started and the prompt painted before httpx, starlette or azure are imported."""
    (tmp_path / "probe.py").write_text(PROBE)
    log = tmp_path / "events.json"
    with Screen(
        home=home, program=[sys.executable, str(tmp_path / "probe.py"), str(log)]
    ) as screen:
        screen.ready()
        screen.enter("6 * 7")
        screen.until("^42$")
    first = {}
    for event, names in json.loads(log.read_text()):
        first.setdefault(event, set(names))
    assert not first["node starts"] & {"httpx", "starlette", "azure", "msgspec"}
    assert not first["painted"] & {"httpx", "starlette", "azure", "msgspec"}
    assert list(first) == ["node starts", "painted"]

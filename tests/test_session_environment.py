"""The dotenv syntax, with Node.js' own reader as the judge."""

import json
import subprocess

from nodes import node_of_wheel

from noderepl.session_environment import parse_dotenv

TEXTS = [
    "A=1",
    "A=1\nB=2\r\nC=3\r\n",
    "A=1 # comment\nB='x # y' # comment\nC=#c\nD= #c\nE=x#y",
    "A=\"a\\nb\"\nB='a\\nb'\nC=`a\\nb`",
    'A="several\nlines"\nB=2',
    "export A=1\nexport B = 2 \n",
    "A=\nB=\n",
    "# A=1\n\n# B=2\n  C=3",
    "A = spaced out \n\tB='quoted ' rest\n",
    "A='not closed\nB=2",
    "no value\nA=1\nnone",
    'A==b\nB=a=b\nC="it\'s"\nD=\'say "x"\'',
    "a.b=1\nc-d=2\nÄ=é漢😀",
    "A=1\nA=2",
    "A=$B\nB=${A}\nC=\\$A",
    "",
    "\ufeffA=1",
]


def test_dotenv_is_read_as_node_reads_it():
    """Quotes, comments, line ends, `export` and several lines; what is no variable is passed over."""
    script = "console.log(JSON.stringify(JSON.parse(fs.readFileSync(0)).map((text) => util.parseEnv(text))))"
    judged = subprocess.run(
        [node_of_wheel().path, "-e", script], input=json.dumps(TEXTS).encode(), capture_output=True, check=True
    )  # fmt: skip
    assert [parse_dotenv(text) for text in TEXTS] == json.loads(judged.stdout)

"""Compares noderepl's judge of complete texts with Node's: `python -m tests.parity DIRECTORY`.

Installs packages of npm into the directory unless they are there, and judges prefixes of 600 of
their files and of all one-liners. Prints the differences.
"""

import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]

from recoverable import cut, differences, files, install, one_liners, prefixes  # noqa: E402

FILES, CUTS, PLACES = 600, 20, 8


def main(directory: Path) -> None:
    """Prints the counts and each difference of files and of one-liners."""
    install(directory)
    seed = random.Random(1)
    groups = {
        "files": [
            text
            for path in files(directory, FILES, seed)
            for text in prefixes(path.read_text("utf-8", "replace"), CUTS, seed)
        ],
        "one-liners": [text for line in one_liners() for text in cut(line, PLACES, seed)],
    }
    for name, texts in groups.items():
        different = list(differences(texts))
        print(f"{len(texts)} prefixes of {name}: {len(different)} differences")
        for one in different:
            print(f"  Node asks for more: {one.is_more!s:5}  {one.text[-70:]!r}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

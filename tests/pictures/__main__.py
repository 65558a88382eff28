"""Makes the pictures of docs/pictures: `python -m tests.pictures` all, `python -m tests.pictures NAME...` some of them.

Each is the screen of a real prompt in a pty, as an SVG file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from tests.pictures.scenes import SCENES, picture

PLACE = Path(__file__).parents[2] / "docs" / "pictures"

if __name__ == "__main__":
    names = sys.argv[1:] or list(SCENES)
    if not set(names) <= set(SCENES):
        sys.exit(f"usage: python -m tests.pictures [{'|'.join(SCENES)}]...")
    PLACE.mkdir(exist_ok=True)
    for name in names:
        with tempfile.TemporaryDirectory(prefix="noderepl-picture-") as home:
            (PLACE / f"{name}.svg").write_text(picture(SCENES[name], Path(home)))
            print(PLACE / f"{name}.svg")

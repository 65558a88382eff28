"""Directories and texts of the session at a narrow prompt."""

from __future__ import annotations

from driving import Screen


def test_a_directory_is_sent_read_edited_and_deleted(home):
    """Tab completes both sides; a long text opens in the pager in colour; Enter confirms a deletion."""
    source = home / "source"
    (source / "node_modules").mkdir(parents=True)
    lines = "\n".join(f"const a{number} = {number};" for number in range(60))
    (source / "long.js").write_text(lines)
    editor = "sed -i s/a59/b59/"
    with Screen("--quiet", home=home, columns=40, rows=24, PAGER="less", EDITOR=editor) as screen:
        screen.ready()
        screen.type(f"%upload {home}/sou")
        screen.key("tab")
        screen.until("source/$")
        screen.key("enter")
        screen.until(r"^Uploaded source: 1 file \(939 B\)\.$")
        screen.until(r"Left out: node_modules\.")
        screen.type("%cat source/lo")
        screen.key("tab")
        screen.until(r"^> %cat source/long\.js$")
        screen.key("enter")
        screen.until(r"const a20 = 20;[^>]*^:", 10)
        assert screen.cell("const a20").fg != screen.cell("a20").fg
        screen.type("q")
        screen.enter("%edit remote:source/long.js")
        screen.until(r"^Uploaded source/long\.js \(939 B\)\.$")
        screen.enter(f"%diff {source}/long.js source/long.js")
        screen.until(r"^\+const b59 = 59;$")
        screen.enter("%rm source")
        screen.until(r"^> %rm --yes source$")
        screen.key("enter")
        screen.until(r"^Removed 1 file and 1 directory\.$")

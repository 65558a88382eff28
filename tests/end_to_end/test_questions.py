"""`expr?` and `expr??` at the prompt."""

from __future__ import annotations

from driving import Screen


def test_questions_and_javascript(home):
    """A question is answered at Enter, and a question mark of JavaScript continues the input."""
    with Screen("--quiet", home=home) as screen:
        screen.ready()
        screen.enter("/** Adds. */ function add(a, b) { return a + b }")
        screen.until("^undefined$")
        screen.enter("add ?")
        screen.until(r"^add\(a, b\)\n\nType: function\nFrom: snippet \[1\], line 1\n\nAdds\.$")
        screen.type("const yes = add ?")
        screen.key("enter")
        screen.until(r"^\.\.\. ?$")
        screen.enter("'on the next line' : 0; yes")
        screen.until("^'on the next line'$")
        screen.type("%doc fs.promises.readF")
        screen.key("tab")
        screen.until(r"^> %doc fs\.promises\.readFile$")
        screen.key("enter")
        screen.until(r"^Page: https://nodejs\.org/api/fs\.html#fspromisesreadfilepath-options$")
        screen.enter("nowhere.x?")
        screen.until(r"^nowhere is not defined\.$")


def test_a_long_source_opens_in_the_pager(home):
    """In colour if the pager is less, which shows it; a short one is shown at once."""
    with Screen("--quiet", home=home, rows=24, PAGER="less") as screen:
        screen.ready()
        body = "\\n".join(f"  const a{number} = {number};" for number in range(60))
        screen.enter(f"eval('var long = function () {{\\n{body}\\n}}'); var brief = () => 'x'; 0")
        screen.until("^0$")
        screen.enter("brief??")
        screen.until(r"^\(\) => 'x'$")
        screen.enter("long??")
        screen.until(r"const a20 = 20;[^>]*^:", 10)
        assert screen.cell("const a20").fg != screen.cell("a20").fg
        screen.type("q")
        screen.ready()

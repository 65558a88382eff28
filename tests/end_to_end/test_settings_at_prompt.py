"""Settings in a real terminal: what %config changes at once, own keys, and the keys that switch."""

from __future__ import annotations

from driving import KEYS, Screen

KEYS.update({"f4": "\x1bOS", "f5": "\x1b[15~", "f6": "\x1b[17~", "ctrl-t": "\x14"})


def test_what_is_set_applies_at_once(home):
    """%config set theme and undefined act on the next outcome, and editing-mode on the next line."""
    with Screen(home=home) as screen:
        screen.ready()
        screen.enter("%config set editing-mode vi")
        screen.until(r"editing-mode is vi in ~/\.config/noderepl/config\.toml\.")
        screen.until(r" · vi-insert")
        screen.enter("%config set undefined false")
        screen.until(r"undefined is false in")
        screen.enter("var a = 6 * 7")
        screen.enter("a")
        screen.until(r"^> var a = 6 \* 7\n> a\n42$")
    with Screen(home=home) as screen:
        screen.ready()
        assert "vi-insert" in screen.text


def test_keys_of_the_user_and_the_f_keys(home):
    """Own keys insert and run what they are bound to; F2 and F4 switch; a wrong binding is told at the start."""
    file = home / ".config/noderepl/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        "[keys]\nf5 = 'insert \"40 + \"'\nf6 = 'command %timeout'\nctrl-t = 'toggle-comment'\nc-c = 'run'\n"
    )
    with Screen(home=home) as screen:
        screen.ready()
        screen.until(r"line 5: the key 'c-c' cannot be bound")
        screen.key("f4")
        screen.until(r" · ts on")
        screen.key("f2")
        screen.until(r" · vi-insert")
        screen.key("f2", "f5")
        screen.type("2")
        screen.until(r"^> 40 \+ 2$")
        screen.key("f6")
        screen.until(r"^A snippet may run for 60 s\.\n> 40 \+ 2$")
        screen.key("ctrl-t")
        screen.until(r"^> // 40 \+ 2$")
        screen.key("ctrl-t", "enter")
        screen.until("^42$")
        assert "vi-insert" not in screen.text

"""The suggestion behind the cursor: the rest of an earlier line with the same beginning."""

from __future__ import annotations

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from noderepl.threaded import SHORT


class FromHistory(AutoSuggest):
    """Suggests from the history, newest entry first; ignores texts of over 20,000 characters.

    At each key, the search takes time for each character of all of them.
    """

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        """Returns the rest of the newest line that begins with the last line of the input."""
        if len(document.text) > SHORT:
            return None
        typed = document.text.rsplit("\n", 1)[-1]
        if not typed.strip():
            return None
        for entry in reversed(buffer.history.get_strings()):
            if len(entry) > SHORT or typed not in entry:
                continue
            for line in reversed(entry.split("\n")):
                if line.startswith(typed):
                    return Suggestion(line[len(typed) :])
        return None

"""Makes text from outside safe to print: it moves no cursor, sends no command to a terminal, and
turns no line around."""

import json


def printable(text: str, *, kept: str = "") -> str:
    """Replaces each character that is not printable and not one of `kept`. Control characters are
    not printable, nor are those that change the direction of the text."""
    return "".join(one if one.isprintable() or one in kept else "\ufffd" for one in text)


def printable_json(text: str) -> str:
    """Escapes each such character of a JSON text. The JSON has the same meaning as before."""
    return "".join(
        one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text
    )

"""Brings the words in Entra's answers and in its provisioning log to one spelling: their case
varies, some have two forms, and blanks do not count."""

from hasten.domain.connector_errors import CODES

_FORMS = {"failed": "failure", "succeeded": "success"}
_CODES = {code.casefold(): code for code in CODES}


def word_of(text: object) -> str:
    """Returns the word in lower case; "" if there is none."""
    return str(text or "").strip().casefold()


def status_of(text: object) -> str:
    """Returns the result word in lower case: success, warning, skipped, failure, or one that Hasten
    does not know. Returns "" if there is none."""
    word = word_of(text)
    return _FORMS.get(word, word)


def code_of(text: object) -> str:
    """Returns the code as Microsoft documents it, or unchanged if Hasten does not know it."""
    code = str(text or "").strip()
    return _CODES.get(code.casefold(), code)

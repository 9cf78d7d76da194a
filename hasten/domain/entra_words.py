"""Brings the words in Entra's answers and in its provisioning log to one spelling: their case
varies, and some have two forms."""

from hasten.domain.connector_errors import CODES

_FORMS = {"failed": "failure", "succeeded": "success"}
_CODES = {code.casefold(): code for code in CODES}


def status_of(text: object) -> str:
    """Returns the result word in lower case: success, warning, skipped, failure, or one that Hasten
    does not know. Returns "" if there is none."""
    word = str(text or "").casefold()
    return _FORMS.get(word, word)


def code_of(text: object) -> str:
    """Returns the code as Microsoft documents it, or unchanged if Hasten does not know it."""
    code = str(text or "")
    return _CODES.get(code.casefold(), code)

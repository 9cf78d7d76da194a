"""Reads the fields of the forms of the pages."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.requests import Request

from hasten.api.door import form
from hasten.api.problems import ApiError
from hasten.events.validation import fault_in

MAX_REASON_CHARS = 500


class Form:
    """The fields of a form."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        return self._fields.get(name, [""])[0].strip()

    def all(self, name: str) -> Sequence[str]:
        return self._fields.get(name, [])

    def reason(self) -> str:
        """Returns why somebody does something. Raises ApiError if no reason is given."""
        given = " ".join(self.text("reason").split())
        if not given:
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                "the field `reason` is empty",
                "say why, in a few words: the audit shows it",
            )
        if len(given) > MAX_REASON_CHARS:
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                f"the field `reason` has more than {MAX_REASON_CHARS} characters",
                "say it in fewer words",
            )
        wrong = fault_in(given, "reason")
        if wrong:
            raise ApiError(
                HTTPStatus.BAD_REQUEST, f"the field `reason`: {wrong.problem}", wrong.fix
            )
        return given


async def form_of(request: Request) -> Form:
    """Returns the form. The door has read its token already; Starlette keeps the body. Raises
    ApiError."""
    return Form(await form(request))

"""Reads the forms of the pages, with limits."""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.requests import Request

from hasten.api.problems import ApiError

MAX_FORM = 64 * 1024
"""Bytes. The door reads no more of a form either."""

MAX_FIELDS = 1_000
MAX_REASON = 500
URLENCODED = "application/x-www-form-urlencoded"


class Form:
    """The fields of a form."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
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
        if len(given) > MAX_REASON:
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                f"the field `reason` has more than {MAX_REASON} characters",
                "say it in fewer words",
            )
        return given


async def form_of(request: Request) -> Form:
    """Returns the form. Starlette keeps the body, so the form can be read twice. Raises
    ApiError."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != URLENCODED:
        raise ApiError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the form is not URL-encoded", "use the page's form"
        )
    body = await request.body()
    if len(body) > MAX_FORM:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "the form is too long",
            "choose fewer changes at once",
        )
    try:
        fields = parse_qs(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        raise ApiError(
            HTTPStatus.BAD_REQUEST, "the form cannot be read", "use the page's form"
        ) from error
    return Form(fields)

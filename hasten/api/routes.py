"""Lists the routes of the API, relative to /api/v1."""

import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hasten.api.endpoint import JSON_MEDIA_TYPE
from hasten.api.endpoints import ENDPOINTS
from hasten.api.events import consent

DESCRIPTION = "/openapi.json"


def routes() -> Sequence[BaseRoute]:
    return [
        *(endpoint.route() for endpoint in ENDPOINTS),
        Route("/events", consent, methods=["OPTIONS"]),
        Route(DESCRIPTION, describe),
    ]


async def describe(_: Request) -> Response:
    """Anybody may read the description, as anybody may read the documentation."""
    from hasten.api.openapi import document  # noqa: PLC0415 - slow to make, and seldom asked for

    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(json.dumps(document()), headers=headers, media_type=JSON_MEDIA_TYPE)

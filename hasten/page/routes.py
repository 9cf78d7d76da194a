"""Lists the routes of the pages, relative to /api/ui."""

from collections.abc import Sequence

from starlette.routing import BaseRoute


def routes() -> Sequence[BaseRoute]:
    return []

"""Follows the pages of one read and makes sure that they end."""

from typing import Any

import httpx
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from hasten.adapters.graph.answers import UnreadableError
from hasten.json import Json

NEXT_LINK_KEY = "@odata.nextLink"
DELTA_LINK_KEY = "@odata.deltaLink"


class PageLimitError(UnreadableError):
    """Graph offered more pages than a read may have."""


class Trail:
    """The links that one read has followed. `root` is Graph's address: a link to another server
    would get no token, and its answer would not come from Graph."""

    def __init__(self, root: str, most: int, begin: str) -> None:
        self._server = _server(root)
        self._most = most
        self._read = {begin}

    def link_of(self, page: Json, name: str) -> str | None:
        """Returns the nextLink or deltaLink of the page, or None if it has none. Raises
        UnreadableError."""
        url = page.get(name)
        if url is None:
            return None
        if not isinstance(url, str) or not self.leads_to_graph(url):
            raise UnreadableError(f"{name} does not lead to Graph")
        return url

    def leads_to_graph(self, url: str) -> bool:
        return _server(url) == self._server

    def follow(self, url: str) -> RequestInformation:
        """Returns the request for the next page. Raises UnreadableError if that page was read
        before, and PageLimitError if it exceeds the limit."""
        if url in self._read:
            raise UnreadableError(f"{NEXT_LINK_KEY} leads back to a page that was read before")
        if len(self._read) >= self._most:
            raise PageLimitError(f"it goes on after {self._most} pages")
        self._read.add(url)
        return link(url)


def items(page: Json) -> list[Any]:
    """Returns the items of a page. Raises UnreadableError."""
    listed = page.get("value")
    if not isinstance(listed, list):
        raise UnreadableError("value is not a list")
    return listed


def link(url: str) -> RequestInformation:
    """Returns a GET of a nextLink or deltaLink, unchanged."""
    request = RequestInformation(Method.GET)
    request.url = url
    request.headers.try_add("Accept", "application/json")
    return request


def _server(url: str) -> tuple[str, str, int | None] | None:
    """Returns scheme, host and port; None if no request can be sent to the address."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return None
    return parsed.scheme, parsed.host, parsed.port

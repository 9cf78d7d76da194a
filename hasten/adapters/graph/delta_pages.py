"""Follows the pages of a delta query, from its start or from a link."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from kiota_abstractions.request_information import RequestInformation

from hasten.adapters.graph.answers import PassingError, RefusedError, UnreadableError
from hasten.adapters.graph.paging import (
    DELTA_LINK_KEY,
    NEXT_LINK_KEY,
    PageLimitError,
    Trail,
    items,
    link,
)
from hasten.adapters.graph.shapes import Parse
from hasten.adapters.graph.wire import Wire
from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.limits import MAX_DELTA_PAGES
from hasten.ports.directory_errors import DeltaExpired

EXPIRED_CODES = frozenset({"syncstatenotfound", "resyncrequired", "syncstateinvalid"})
NOT_THE_LINK = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""Statuses that do not blame the link: a permission or an object is missing."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class End:
    """The end of a read: the link to continue from, and why the other pages could not be read."""

    link: str
    cut: TemporaryError | None = None


@dataclass(frozen=True, slots=True)
class _Page(Generic[T]):
    items: Sequence[T]
    following: str | None
    """None on the last page, which has a delta link instead."""

    delta_link: str


@dataclass(frozen=True, slots=True)
class DeltaPages(Generic[T]):
    """The pages of one kind of delta query. `parse` reads one item of a page. A page that it cannot
    read is read once more with `tolerant`, which says of an item that it cannot be read."""

    wire: Wire
    parse: Parse[T]
    needs: str
    tolerant: Parse[T] | None = None

    async def start(self, request: RequestInformation) -> str:
        """Returns the delta link that `request` begins, which must not exist yet: `request` is the
        first call of a delta query."""
        # The SDK's builders do not know $deltatoken.
        request.url_template = f"{request.url_template}{{&%24deltatoken}}"
        request.query_parameters["%24deltatoken"] = "latest"
        trail = self.wire.trail(MAX_DELTA_PAGES)
        while True:
            page = await self._page(request, trail)
            if page.following is None:
                return page.delta_link
            request = trail.follow(page.following)

    async def since(self, begin: str, take: Callable[[Sequence[T]], None]) -> End:
        """Passes the items of each page from the link `begin` on to `take`. Raises DeltaExpired if
        Graph refuses that link or it does not lead to Graph, and TemporaryError if its page cannot
        be read."""
        trail = self.wire.trail(MAX_DELTA_PAGES, begin)
        if not trail.leads_to_graph(begin):
            raise DeltaExpired
        unread, request = begin, link(begin)
        while True:
            try:
                page = await self._resumed(request, trail)
            except DeltaExpired:
                if unread == begin:
                    raise
                # The next read begins at this page, gets the same answer, and starts again.
                return End(unread, UnreadableError("Graph refuses the nextLink that it gave"))
            except TemporaryError as error:
                if unread == begin:
                    raise
                return End(unread, error)
            take(page.items)
            if page.following is None:
                return End(page.delta_link)
            try:
                request = trail.follow(page.following)
            except PageLimitError as limit:
                return End(page.following, limit)
            except UnreadableError as circle:
                return End(begin, circle)
            unread = page.following

    async def _resumed(self, request: RequestInformation, trail: Trail) -> _Page[T]:
        """Reads a page. Raises DeltaExpired for every way in which Graph refuses the link: it
        documents some codes of 400 and 410 as examples."""
        try:
            return await self._page(request, trail)
        except RefusedError as refused:
            if refused.status in NOT_THE_LINK and refused.code.casefold() not in EXPIRED_CODES:
                raise
            raise DeltaExpired from refused
        except PassingError as passing:
            if passing.status == HTTPStatus.CONFLICT:
                raise DeltaExpired from passing
            raise

    async def _page(self, request: RequestInformation, trail: Trail) -> _Page[T]:
        try:
            return await self._parsed(request, trail, self.parse)
        except UnreadableError:
            if self.tolerant is None:
                raise
        return await self._parsed(request, trail, self.tolerant)

    async def _parsed(
        self, request: RequestInformation, trail: Trail, parse_item: Parse[T]
    ) -> _Page[T]:
        def parse(page: Json) -> _Page[T]:
            following, delta_link = (
                trail.link_of(page, NEXT_LINK_KEY),
                trail.link_of(page, DELTA_LINK_KEY),
            )
            if (following is None) == (delta_link is None):
                raise UnreadableError(f"it must have one of {NEXT_LINK_KEY} and {DELTA_LINK_KEY}")
            listed: list[Any] = items(page)
            return _Page([parse_item(one) for one in listed], following, delta_link or "")

        return await self.wire.read(request, parse, needs=self.needs)

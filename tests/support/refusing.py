"""Graph refuses to write some users, in each way in which it or a proxy may do so."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from hasten.adapters.graph.answers import (
    PassingError,
    RefusedError,
    RefusedValueError,
    UnreadableError,
)
from hasten.ports.directory_errors import NotYet
from tests.support.ensuring import Onboarding
from tests.support.world import user

REFUSALS: Mapping[str, Callable[[], Exception]] = {
    "400": lambda: RefusedValueError(400, "Request_BadRequest", "no", "check the object"),
    "403": lambda: RefusedError(403, "Authorization_RequestDenied", "no", "grant a permission"),
    "404 of a proxy": lambda: PassingError(404, "Graph answered 404", None),
    "not yet": lambda: NotYet("not a valid reference update"),
    "500": lambda: PassingError(500, "Graph answered 500", None),
    "503 with a pause": lambda: PassingError(503, "Graph answered 503", timedelta(minutes=1)),
    "garbage": lambda: UnreadableError("4 bytes that are no JSON"),
}

PEOPLE = [user(number) for number in range(1, 6)]
PLACES = pytest.mark.parametrize("place", [0, 2, 4], ids=["first", "in the middle", "last"])
WAYS = pytest.mark.parametrize("error", REFUSALS)


class Refusing:
    """Counts the requests that Graph refused. `users` may change while the test runs."""

    def __init__(self, world: Onboarding, users: Collection[str], error: str) -> None:
        self.users, self.refused = set(users), 0
        self._error = REFUSALS[error]
        for name in ("add_members", "remove_member", "assign", "unassign"):
            setattr(world.directory, name, self._wrapped(getattr(world.directory, name)))

    def _wrapped(self, write: Callable[[str, Any], Any]) -> Callable[..., Any]:
        async def refusing(place: str, named: str | Sequence[str], *rest: str) -> Any:
            users = [named] if isinstance(named, str) else named
            if any(one.split(".")[0] in self.users for one in users):
                self.refused += 1
                raise self._error()
            return await write(place, named, *rest)

        return refusing

"""Remembers the names of people and groups for the pages. Names come from Graph and are kept in
memory only: no record and no log contains them."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.errors import PermanentError, TemporaryError
from hasten.side_by_side import side_by_side

NAMES_KEPT_FOR = timedelta(minutes=30)
MAX_NAMES_KEPT = 5_000
READS_AT_ONCE = 8


class Names:
    """The names that one process has read lately."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kept: OrderedDict[str, tuple[datetime, str]] = OrderedDict()

    def of(self, object_id: str) -> str:
        """Returns the name, or "" if it has not been read lately."""
        at, name = self._kept.get(object_id, (None, ""))
        return name if at is not None and self._context.now() - at < NAMES_KEPT_FOR else ""

    def keep(self, names: Mapping[str, str]) -> None:
        for object_id, name in names.items():
            self._kept[object_id] = self._context.now(), name
            self._kept.move_to_end(object_id)
        while len(self._kept) > MAX_NAMES_KEPT:
            self._kept.popitem(last=False)

    async def read(self, ids: Collection[str]) -> Mapping[str, str]:
        """Returns the names of users and groups, without those that Graph does not know or does
        not give."""

        async def one(object_id: str) -> None:
            self.keep({object_id: await self._name(object_id)})

        unknown = [object_id for object_id in ids if not self.of(object_id)]
        await side_by_side(one, unknown, READS_AT_ONCE)
        return {object_id: name for object_id in ids if (name := self.of(object_id))}

    async def _name(self, object_id: str) -> str:
        directory = self._context.directory
        try:
            person = await directory.profile(object_id, ("displayName",))
            if person is not None:
                return str(person.values.get("displayName") or "")
            group = await directory.group(object_id)
        except (PermanentError, TemporaryError):
            return ""
        return str(group.get("displayName") or "") if group else ""

"""Mirrors an admin group as soon as its members change. A timer would do it within ten minutes."""

from datetime import timedelta

from hasten.context import Context
from hasten.ensure.apply_policy import apply_unattended
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Mirror
from hasten.records.lease_record import WokenBy
from hasten.watch.list_members import list_members

MIRROR_DELAY = timedelta(seconds=5)


async def mirror(context: Context, wanted: Mirror) -> None:
    """Brings the groups that mirror `source` in line with it.

    Raises PermanentError for a target that is not in targets.yaml, the errors of the policy, and
    TemporaryError while a replica of Graph does not show the members whom the look found.
    """
    target = context.targets.get(wanted.target)
    if target is None:
        raise PermanentError(
            f"target {wanted.target} is not in targets.yaml", "put it back, or ignore this"
        )
    await apply_unattended(context, target, only_mirrors=True, by=WokenBy.MESSAGE)
    members = await list_members(context, wanted.source)
    if wanted.added - members.ids or wanted.removed & members.ids:
        raise TemporaryError(f"group {wanted.source} does not show its new members", MIRROR_DELAY)

"""Writes to the history that targets.yaml says something else than before."""

from hasten.context import Context
from hasten.domain.history import Entry, EntryKind, entry_id, short
from hasten.domain.policy_difference import differences
from hasten.records import seen_policies
from hasten.records.running_targets import digest
from hasten.records.seen_policies import policy_of
from hasten.targets import Target


async def note_policies(context: Context) -> None:
    """Compares each target with what the store says, once in a process: targets.yaml is read when
    the process starts. The entry is written first, so a crash leaves no change without one. Raises
    TemporaryError and PermanentError of the store."""
    if context.policies_noted:
        return
    for target in context.targets.values():
        await _note(context, target)
    context.policies_noted = True


async def _note(context: Context, target: Target) -> None:
    seen = await seen_policies.load(context.store, target.name)
    if seen is not None and dict(seen.policy) == dict(policy_of(target)):
        return
    differs = differences(seen.policy, policy_of(target)) if seen else []
    now = digest(target)
    entry = Entry(
        id=entry_id(target.name, now, seen.etag if seen else ""),
        at=context.now(),
        kind=EntryKind.POLICY_CHANGED,
        target=target.name,
        result="changed" if seen else "first seen",
        reason=short("; ".join(differs)),
        details={"policy": now},
    )
    await context.history.append_once([entry])
    await seen_policies.save(context.store, target, seen)

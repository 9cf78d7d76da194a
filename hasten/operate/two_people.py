"""Lets a second operator agree before held changes are released, where targets.yaml says
`release_by_two`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.changes import Change
from hasten.domain.intents import Intent
from hasten.errors import PermanentError
from hasten.object_ids import is_object_id
from hasten.operate.held import ChosenChanges, key_of, keys_of, only
from hasten.records import proposals
from hasten.records.proposals import Proposal

PROPOSAL_HOLDS_FOR = timedelta(hours=24)
"""An older proposal is void: the second operator must decide about what is held now."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """`agreed` may be released now. `proposed` waits for another operator."""

    agreed: ChosenChanges
    proposed: ChosenChanges


async def agree(
    context: Context, target: str, chosen: ChosenChanges, *, by: str, reason: str
) -> Agreement:
    """Returns which of the changes another operator has proposed to release, and saves a proposal
    of `by` for the others.

    Raises PermanentError if `by` is no object id of a user: neither a name that anybody can type
    nor a program is a second person.
    Raises Conflict if somebody proposes the same at the same moment, and TemporaryError.
    """
    if not context.targets[target].release_by_two:
        return Agreement(agreed=chosen, proposed=ChosenChanges((), ()))
    if not is_object_id(by):
        raise PermanentError(
            f"two operators must agree to a release of {target}, and `{by}` is no user of "
            "Entra ID whose token Hasten has checked",
            "release on the page, or by the API with a token of your own",
        )
    open_proposals = await pending(context, target)
    agreed = {
        key_of(held)
        for held in _all(chosen)
        if (one := open_proposals.get(key_of(held))) is not None
        and one.version == _version(held)
        and one.by != by.lower()
    }
    new = [
        Proposal(
            held=key_of(held),
            version=_version(held),
            by=by.lower(),
            reason=reason,
            at=context.now(),
        )
        for held in _all(chosen)
        if key_of(held) not in agreed
    ]
    await proposals.save(context.store, target, new)
    return Agreement(
        agreed=only(chosen, agreed),
        proposed=only(chosen, {one.held for one in new}),
    )


async def pending(context: Context, target: str) -> Mapping[str, Proposal]:
    """Returns the proposals that still hold, by `key_of` the change. Raises TemporaryError."""
    found = await proposals.load(context.store, target)
    return {key: one for key, one in found.items() if _holds(one, context.now())}


def is_pending(proposal: Proposal | None, held: Change | Intent) -> bool:
    """Returns whether the proposal is about this version of the change."""
    return proposal is not None and proposal.version == _version(held)


async def forget_decided(context: Context, target: str, decided: ChosenChanges) -> None:
    """Deletes the proposals of changes that are no longer held. Raises TemporaryError."""
    await proposals.forget(context.store, target, keys_of(decided))


def _holds(proposal: Proposal, now: datetime) -> bool:
    return now - proposal.at < PROPOSAL_HOLDS_FOR


def _version(held: Change | Intent) -> str:
    if isinstance(held, Change):
        return f"{held.action}|{held.origin}"
    return f"{held.wanted}|{held.time.isoformat()}|{held.cause.id}"


def _all(chosen: ChosenChanges) -> Iterator[Change | Intent]:
    yield from chosen.changes
    yield from chosen.intents

"""Asks the app itself whether revocations took, for targets whose app Hasten can read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from hasten.context import Context
from hasten.domain.app_proof import proof_in_app
from hasten.domain.changes import Change, State
from hasten.domain.direct_revocation import DirectResult, DirectRevocation
from hasten.domain.proof import Proof
from hasten.errors import PermanentError
from hasten.provision.in_app import account_of
from hasten.telemetry.provision import DirectRefused

MOST_READ = 50
"""People whose account is read in one run, every five minutes: the app has other callers too."""

STOPS = frozenset({DirectResult.REFUSED, DirectResult.THROTTLED, DirectResult.UNAVAILABLE})
"""After one of these the app is not asked any more in this run."""


async def app_proofs(
    context: Context, target: str, rows: Iterable[Change]
) -> Mapping[Change, Proof]:
    """Returns what the app proves, for the rows of which it proves something. An app that does not
    answer proves nothing: the provisioning log is then the evidence."""
    known = context.targets.get(target)
    if known is None or known.scim is None or known.observes:
        return {}
    removals: dict[str, list[Change]] = defaultdict(list)
    for row in rows:
        if row.is_removal and row.state is not State.HELD:
            removals[row.user].append(row)
    if not removals:
        return {}
    try:
        application = context.ports.application(known.scim)
    except PermanentError as error:
        context.emit(
            DirectRefused(target=target, reason=error.reason, next_action=error.next_action)
        )
        return {}
    proofs: dict[Change, Proof] = {}
    for user in list(removals)[:MOST_READ]:
        shown = await account_of(context, application, known.scim.match, user)
        if isinstance(shown, DirectRevocation):
            if shown.result in STOPS:
                break
            continue
        for row in removals[user]:
            proof = proof_in_app(row, shown, at=context.now())
            if proof is not None:
                proofs[row] = proof
    return proofs

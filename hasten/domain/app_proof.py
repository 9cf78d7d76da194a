"""Reads what the account in the app itself proves about the removal of a user."""

from datetime import datetime

from hasten.domain.app_account import AppAccount
from hasten.domain.changes import Change, State
from hasten.domain.direct_revocation import inactive_at
from hasten.domain.proof import Proof, Says

ACTIVE_IN_APP = "the app itself shows the account active"


def proof_in_app(change: Change, shown: AppAccount, *, at: datetime) -> Proof | None:
    """Returns what the account proves that the app shows at `at`; None if it proves nothing. The
    app goes before the provisioning log. A leaver who keeps another assignment keeps the account,
    and what is left to the cycle may be active until the cycle has run."""
    if not change.is_removal or change.keeps_assignment:
        return None
    if shown.active is False:
        return Proof(Says.CONFIRMED, inactive_at(at))
    if shown.active and change.state is State.SUCCEEDED:
        return Proof(Says.CONTRADICTED, ACTIVE_IN_APP)
    return None

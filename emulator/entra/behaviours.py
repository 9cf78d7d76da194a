"""Lists the behaviours of Entra ID and Graph that documents leave open or that a tenant may be set
to. docs/emulator.md describes them and says which of them Microsoft documents."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from random import Random
from typing import Any, Self


class RetryAfter(StrEnum):
    """The form of Retry-After in a refused request."""

    SECONDS = "seconds"
    DECIMAL = "decimal"
    DATE = "date"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class EntraBehaviours:
    """The behaviours. Each field is switched by its name with dashes. By default a tenant is set up
    right and behaves as documented and, where documents are silent, in the worse of the plausible
    ways. Seconds are seconds of the emulated clock."""

    skip_out_of_scope: bool = False
    """SkipOutOfScopeDeletions is set: accounts of users out of scope stay unchanged."""

    no_delete_flow: bool = False
    """"Delete" is not among the target object actions of the users' mapping."""

    no_update_flow: bool = False
    """"Update" is not among the target object actions of the users' mapping."""

    no_active_mapping: bool = False
    """No attribute of Entra is mapped to `active`: nothing can disable an account."""

    sync_all: bool = False
    """The scope is "Sync all users and groups": no user goes out of scope."""

    members_not_removed: bool = True
    """A group call does not remove a former member that it names; only the cycle does."""

    assignment_lag: float = 45.0
    """Seconds until provisioning considers an assignment or a membership, or its end."""

    shared_window: bool = True
    """All targets of the tenant share one limit of on-demand calls."""

    refused_calls_count: bool = True
    """Refused calls count against the limit of on-demand calls too."""

    typed_answers: bool = True
    """Answers about users have a type name as their key, and a list as their value."""

    log_as_captured: bool = True
    """Log entries have the shape of captured ones: a skip has its reason only in a step, and a
    group call has one entry that names its members among the modified properties."""

    log_lag: float = 0.0
    """Seconds until an entry appears in the provisioning log."""

    secrets_unreadable: bool = True
    """Reading the secrets of a provisioning configuration is refused."""

    removals_lag: bool = True
    """A lagging replica is old in both directions: removed members and assignments, deleted objects
    and changed properties still appear as they were."""

    replicas: int = 3
    """Number of replicas that answer reads, chosen at random for each request."""

    replica_lag: float = 10.0
    """Maximum lag of each replica in seconds, in both directions; 0 for no lag."""

    delta_replays: bool = True
    """A delta answer repeats changes of earlier answers."""

    delta_disorder: bool = True
    """A delta answer lists each change as an object of its own, in any order and some of them
    twice."""

    account_enabled_untracked: bool = True
    """A delta on users does not report a change of accountEnabled."""

    restore_hidden: bool = True
    """A delta on users does not report that a user was restored."""

    empty_pages: bool = True
    """The first page of each collection and each delta round is empty and links to the next."""

    unseen_not_removed: bool = True
    """A replica that has not received a membership or an assignment yet answers its removal with
    404, and removes nothing."""

    account_enabled_null: bool = False
    """accountEnabled of every user is null in answers."""

    account_enabled_absent: bool = False
    """accountEnabled of every user is missing in answers."""

    null_client_state: bool = False
    """Notifications carry no clientState."""

    clock_behind: float = 1.0
    """Seconds that Graph's clock is behind: the longest expiry of a subscription ends earlier."""

    subscription_limit: int = 100
    """Maximum number of subscriptions of the app in the tenant (Graph, change notifications
    overview)."""

    resource_units: int = 3500
    """Resource units that the app may use in 10 seconds; 0 for no limit."""

    retry_after: RetryAfter = RetryAfter.DECIMAL
    """The form of the header Retry-After."""

    webhook_states: bool = True
    """A webhook that answers late becomes slow, and later is dropped, for 10 minutes."""

    pim_shares_window: bool = False
    """The calls of Privileged Identity Management use up the limit of on-demand calls."""

    @classmethod
    def kind(cls, **changes: Any) -> Self:
        """Returns a tenant that is as cooperative as possible, but for `changes`."""
        return cls(**{**KIND, **changes})

    @classmethod
    def misconfigured(cls) -> Self:
        """Returns an administrator's settings, and faults of a tenant, with which no call takes
        access away. Hasten can only report them."""
        return cls(
            skip_out_of_scope=True,
            no_delete_flow=True,
            no_update_flow=True,
            no_active_mapping=True,
            sync_all=True,
            account_enabled_null=True,
            account_enabled_absent=True,
            null_client_state=True,
        )

    @classmethod
    def mixed(cls, random: Random) -> Self:
        """Returns a random selection of the behaviours of the default."""
        worse, kind = cls(), cls.kind()
        chosen = {
            field.name: getattr(worse, field.name)
            for field in fields(cls)
            if getattr(worse, field.name) != getattr(kind, field.name) and random.random() < HALF
        }
        if "retry_after" in chosen:
            chosen["retry_after"] = random.choice(list(RetryAfter))
        return replace(kind, **chosen)


HALF = 0.5
KIND: Mapping[str, Any] = {
    "members_not_removed": False,
    "shared_window": False,
    "refused_calls_count": False,
    "typed_answers": False,
    "log_as_captured": False,
    "secrets_unreadable": False,
    "removals_lag": False,
    "delta_replays": False,
    "delta_disorder": False,
    "account_enabled_untracked": False,
    "restore_hidden": False,
    "empty_pages": False,
    "unseen_not_removed": False,
    "webhook_states": False,
    "assignment_lag": 0.0,
    "replica_lag": 0.0,
    "clock_behind": 0.0,
    "resource_units": 0,
    "retry_after": RetryAfter.SECONDS,
}
"""The values that differ in a tenant that is as cooperative as possible."""


class Switches:
    """The behaviours of a running tenant. `now` is read at each use, so that they can change."""

    def __init__(self, now: EntraBehaviours | None = None) -> None:
        self.now = now or EntraBehaviours()

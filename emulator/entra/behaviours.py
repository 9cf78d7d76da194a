"""Lists the behaviours of Entra ID and Graph that documents leave open or that a tenant may be set
to. docs/emulator.md describes them and says which of them Microsoft documents."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from random import Random
from typing import Self


class RetryAfter(StrEnum):
    """The form of Retry-After in a refused request."""

    SECONDS = "seconds"
    DECIMAL = "decimal"
    DATE = "date"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class EntraBehaviours:
    """The behaviours. Each field is switched by its name with dashes. All are off by default, so
    that a tenant is as cooperative as possible. Seconds are seconds of the emulated clock."""

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

    members_not_removed: bool = False
    """A group call does not remove a former member that it names; only the cycle does."""

    assignment_lag: float = 0.0
    """Seconds until provisioning considers an assignment or a membership, or its end."""

    shared_window: bool = False
    """All targets of the tenant share one limit of on-demand calls."""

    refused_calls_count: bool = False
    """Refused calls count against the limit of on-demand calls too."""

    typed_answers: bool = False
    """Answers about users have a type name as their key, and a list as their value."""

    log_as_captured: bool = False
    """Log entries have the shape of captured ones: a skip has its reason only in a step, and a
    group call has one entry that names its members among the modified properties."""

    secrets_unreadable: bool = False
    """Reading the secrets of a provisioning configuration is refused."""

    removals_lag: bool = False
    """A lagging replica is old in both directions: removed members and assignments, deleted objects
    and changed properties still appear as they were."""

    replicas: int = 3
    """Number of replicas that answer reads, chosen at random for each request."""

    replica_lag: float = 0.0
    """Maximum lag of each replica in seconds, in both directions; 0 for no lag."""

    delta_replays: bool = False
    """A delta answer repeats changes of earlier answers."""

    delta_disorder: bool = False
    """A delta answer lists each change as an object of its own, in any order and some of them
    twice."""

    account_enabled_untracked: bool = False
    """A delta on users does not report a change of accountEnabled."""

    restore_hidden: bool = False
    """A delta on users does not report that a user was restored."""

    empty_pages: bool = False
    """The first page of each collection and each delta round is empty and links to the next."""

    account_enabled_null: bool = False
    """accountEnabled of every user is null in answers."""

    account_enabled_absent: bool = False
    """accountEnabled of every user is missing in answers."""

    null_client_state: bool = False
    """Notifications carry no clientState."""

    clock_behind: float = 0.0
    """Seconds that Graph's clock is behind: the longest expiry of a subscription ends earlier."""

    subscription_limit: int = 100
    """Maximum number of subscriptions of the app in the tenant (Graph, change notifications
    overview)."""

    resource_units: int = 0
    """Resource units that the app may use in 10 seconds; 0 for no limit."""

    retry_after: RetryAfter = RetryAfter.SECONDS
    """The form of the header Retry-After."""

    webhook_states: bool = False
    """A webhook that answers late becomes slow, and later is dropped, for 10 minutes."""

    @classmethod
    def strict(cls) -> Self:
        """Returns a correctly configured tenant that behaves as documented and, if the documents
        are silent, in the worse of the plausible ways."""
        return cls(
            members_not_removed=True,
            assignment_lag=45.0,
            shared_window=True,
            refused_calls_count=True,
            typed_answers=True,
            log_as_captured=True,
            secrets_unreadable=True,
            removals_lag=True,
            replica_lag=10.0,
            delta_replays=True,
            delta_disorder=True,
            account_enabled_untracked=True,
            restore_hidden=True,
            empty_pages=True,
            clock_behind=1.0,
            resource_units=3500,
            retry_after=RetryAfter.DECIMAL,
            webhook_states=True,
        )

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
        """Returns a random selection of the strict behaviours."""
        strict, off = cls.strict(), cls()
        chosen = {
            field.name: getattr(strict, field.name)
            for field in fields(cls)
            if getattr(strict, field.name) != getattr(off, field.name) and random.random() < HALF
        }
        if "retry_after" in chosen:
            chosen["retry_after"] = random.choice(list(RetryAfter))
        return replace(off, **chosen)


HALF = 0.5


class Switches:
    """The behaviours of a running tenant. `now` is read at each use, so that they can change."""

    def __init__(self, now: EntraBehaviours | None = None) -> None:
        self.now = now or EntraBehaviours()

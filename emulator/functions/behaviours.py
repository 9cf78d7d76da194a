"""Defines the ways in which Azure's host can make work harder for an app; each has a switch."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Self

STRICT, LENIENT = "strict", "lenient"
OFF = "no-"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostBehaviours:
    """The behaviours. The defaults are those that the app under test must survive in every run.

    Two behaviours have no switch, because Azure has no milder variant: a message whose function
    raises is redelivered at once, and the scaler peeks ten messages.
    """

    abandon_on_stop: bool = True
    """A message whose function succeeds while the host stops is abandoned and redelivered."""

    kill_on_stop: bool = True
    """A function that runs longer than a stopping host waits ends with the process: it sees no
    cancellation, and nothing is settled or released."""

    renew_from_acceptance: bool = True
    """The lock of a session is renewed for `maxAutoLockRenewalDuration` after the session was
    accepted, not after each message began."""

    enforce_timeout: bool = True
    """A function that runs longer than `functionTimeout` ends together with the worker process."""

    stall_lost_slots: bool = True
    """A session slot whose link is lost while its function runs may stop accepting sessions until
    the host restarts."""

    @classmethod
    def strict(cls) -> Self:
        return cls(**dict.fromkeys(_names(cls), True))

    @classmethod
    def lenient(cls) -> Self:
        return cls(**dict.fromkeys(_names(cls), False))

    @classmethod
    def named(cls, names: Iterable[str]) -> Self:
        """Returns the defaults, changed by each name in turn: `strict` sets all, `lenient` none,
        `abandon-on-stop` one, and `no-abandon-on-stop` clears it. Raises ValueError."""
        chosen = cls()
        for name in names:
            if name in (STRICT, LENIENT):
                chosen = cls.strict() if name == STRICT else cls.lenient()
                continue
            field = name.removeprefix(OFF).replace("-", "_")
            if field not in _names(cls):
                known = ", ".join(n.replace("_", "-") for n in _names(cls))
                raise ValueError(
                    f"{name}: unknown; one of {STRICT}, {LENIENT}, {known}, "
                    f"or one of the latter after {OFF}"
                )
            chosen = replace(chosen, **{field: not name.startswith(OFF)})
        return chosen


def _names(kind: type[HostBehaviours]) -> list[str]:
    return [field.name for field in fields(kind)]

"""Computes the sliding window of on-demand calls that all targets share, for tenants in which Entra
counts their calls together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hasten.domain.clocks import CLOCK_SKEW, Stamp
from hasten.domain.long_ago import LONG_AGO
from hasten.domain.pacing import Pace
from hasten.limits import CALL_WINDOW, CALL_WINDOW_MARGIN, CALLS_PER_WINDOW

PACED_WINDOW = CALL_WINDOW + CALL_WINDOW_MARGIN

SHARED_FOR = timedelta(hours=24)
"""Time for which the targets share the limit after refused calls have shown that they do. Each
target then paces itself again, so that one wrong conclusion does not slow them down permanently."""

CLAIM_OUTLASTS_WAIT = timedelta(seconds=5)
"""Time for which the grants of other targets leave a free slot to a revocation: enough to read
Graph for the call. A drain that crashed delays the others no longer than that."""

WAIT_PER_RECENT_CALL = timedelta(seconds=0.03)
"""Wait at a free slot for each call that the target made in the last two windows. A target with
many joiners thus yields to one that has made fewer calls."""


class LimitScope(StrEnum):
    """The calls that Entra's limit of 5 calls in 10 s counts together; Microsoft does not document
    it."""

    AUTO = "auto"
    """Counts each target by itself, until refused calls show that the targets share the limit."""

    TARGET = "target"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class TargetCall:
    target: str
    stamp: Stamp

    @property
    def at(self) -> datetime:
        return self.stamp.at


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPace:
    """The state of the shared window. `calls` are those of the last two windows, including refused
    calls. `claims` maps each target with a revocation to call to the time until which grants of
    other targets wait for it. `waiting` does so for grants: targets that called more often lately
    wait for them. `since` is when refused calls showed that the targets share the
    limit. `clock` names the process that makes the next call."""

    calls: Sequence[TargetCall] = ()
    not_before: datetime = LONG_AGO
    claims: Mapping[str, datetime] = field(default_factory=dict)
    waiting: Mapping[str, datetime] = field(default_factory=dict)
    since: datetime | None = None
    clock: str = ""

    def is_shared(self, scope: LimitScope, now: datetime) -> bool:
        if scope is LimitScope.AUTO:
            return self.since is not None and not self.is_over(now)
        return scope is LimitScope.TENANT

    def is_over(self, now: datetime) -> bool:
        """Returns whether the targets have shared the limit long enough to try without sharing."""
        return self.since is not None and now >= self.since + SHARED_FOR

    def used(self, now: datetime) -> int:
        return self._pace.used(now)

    def free_at(self, target: str, now: datetime) -> datetime:
        """Returns the earliest time, from `now` on, at which `target` may ask for a slot."""
        theirs = self._recent_calls(target, now)
        return max(now, self._pace.opens_at() + WAIT_PER_RECENT_CALL * theirs)

    def times(self, now: datetime, calls: int) -> list[datetime]:
        """Returns the earliest time of each of `calls` calls of one target, with the slots divided
        among the targets that called recently."""
        callers = {call.target for call in self.calls if call.at > now - 2 * PACED_WINDOW}
        share = max(1, len(callers))
        return self._pace.times(now, calls * share)[::share]

    def lets_through(self, target: str, now: datetime, *, is_removal: bool) -> bool:
        """Returns whether `target` may call now. A revocation may call whenever a slot is free, a
        grant only if no other target has a revocation to call, or has waited with a grant and
        called less often. The clocks of two processes differ: without that the process that called
        last would see each slot first."""
        return self.free_at(target, now) <= now and (is_removal or not self._yields(target, now))

    def with_call(self, target: str, now: datetime, *, keeps_claim: bool = False) -> "SharedPace":
        """Returns the window after a call. `keeps_claim` means that the target has more revocations
        to call."""
        recent = [call for call in self.calls if call.at > now - 2 * PACED_WINDOW]
        calls = (*recent, TargetCall(target, Stamp.own(now, self.clock)))
        claims = {
            name: until
            for name, until in self.claims.items()
            if until > now and (keeps_claim or name != target)
        }
        waiting = {n: until for n, until in self.waiting.items() if until > now and n != target}
        return replace(self, calls=calls, claims=claims, waiting=waiting)

    def departed(self, call: TargetCall, now: datetime) -> "SharedPace":
        """Returns the window with `call` moved to `now`: marking its rows took a while, so it
        leaves only now."""
        others = [known for known in self.calls if known != call]
        left = TargetCall(call.target, Stamp.own(now, self.clock))
        return replace(self, calls=(*others, left))

    def needs_claim(self, target: str, now: datetime) -> bool:
        """Returns whether the claim of `target` is missing, or would end soon after a slot is
        free."""
        until = self.claims.get(target, LONG_AGO)
        return until < self.free_at(target, now) + CLAIM_OUTLASTS_WAIT / 2

    def claimed(self, target: str, now: datetime) -> "SharedPace":
        until = self.free_at(target, now) + CLAIM_OUTLASTS_WAIT
        return replace(self, claims={**self.claims, target: until})

    def needs_turn(self, target: str, now: datetime) -> bool:
        """Does for a grant what `needs_claim` does for a revocation."""
        until = self.waiting.get(target, LONG_AGO)
        return until < self.free_at(target, now) + CLAIM_OUTLASTS_WAIT / 2

    def in_turn(self, target: str, now: datetime) -> "SharedPace":
        until = self.free_at(target, now) + CLAIM_OUTLASTS_WAIT
        return replace(self, waiting={**self.waiting, target: until})

    def seen_by(self, before: "SharedPace", now: datetime) -> "SharedPace":
        """Returns the window as the process that knew `before` sees it, which read it at `now`. A
        call that it knew then was made no later than it was read first."""
        known = {(call.target, call.stamp.stored): call.stamp for call in before.calls}
        calls = []
        for call in self.calls:
            stamp = call.stamp.seen_by(before.clock, now)
            first = known.get((call.target, stamp.stored), stamp)
            calls.append(replace(call, stamp=min(stamp, first, key=lambda one: one.at)))
        return replace(self, calls=tuple(calls), clock=before.clock)

    def throttled(self, until: datetime) -> "SharedPace":
        """Returns the window after a 429 of Graph: no target calls before `until`."""
        return replace(self, not_before=max(self.not_before, until))

    def shared(self, now: datetime, until: datetime) -> "SharedPace":
        """Returns the window shared from `now` on. No target calls for one window, so that no
        earlier call counts against the next window."""
        not_before = max(until, now + PACED_WINDOW)
        return SharedPace(not_before=not_before, since=now, clock=self.clock)

    def _yields(self, target: str, now: datetime) -> bool:
        mine = self._recent_calls(target, now)
        first = {name for name, until in self.claims.items() if until > now}
        first |= {
            name
            for name, until in self.waiting.items()
            if until > now and self._recent_calls(name, now) < mine
        }
        return bool(first - {target})

    def _recent_calls(self, target: str, now: datetime) -> int:
        recent = [call for call in self.calls if call.at > now - 2 * PACED_WINDOW]
        return sum(1 for call in recent if call.target == target)

    @property
    def _pace(self) -> Pace:
        return Pace(calls=tuple(call.stamp for call in self.calls), not_before=self.not_before)


def shows_shared_limit(sent_at: datetime, own: Pace, others: Sequence[Pace]) -> bool:
    """Returns whether a refused call, sent at `sent_at`, was within the limit of its own target but
    may have exceeded it together with the calls of the other targets."""
    theirs = sum(_made(pace, sent_at, own.clock) for pace in others)
    ours = _made(own, sent_at, own.clock)
    return ours <= CALLS_PER_WINDOW < ours + theirs


def _made(pace: Pace, until: datetime, clock: str) -> int:
    """Returns how many calls may have been made in the window that ends then by `clock`."""
    since = until - PACED_WINDOW
    skews = [(call.stored, CLOCK_SKEW * (call.clock != clock)) for call in pace.calls]
    return sum(1 for stored, skew in skews if since - skew < stored <= until + skew)

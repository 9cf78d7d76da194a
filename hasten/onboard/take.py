"""Takes the events of upstream systems: from the queue to written intents.

The order is end, intents, wake, rejects, outcomes: a crash between any two repeats the event, which
finds its own intents and writes nothing twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hasten.domain.changes import Cause, State
from hasten.domain.intents import THE_GROUP
from hasten.domain.outcomes import STALE, Outcome, of_event
from hasten.errors import PermanentError
from hasten.events.envelope import OnboardingEvent, read
from hasten.events.faults import Identity, InvalidEventError, Trouble, fault
from hasten.events.models import people, starts_at
from hasten.messages import Ensure
from hasten.onboard.defer import ends, held, split
from hasten.onboard.interpret import Reading
from hasten.onboard.message import Posted
from hasten.onboard.plan import Plan
from hasten.onboard.reject import Rejecting
from hasten.onboard.write import Writing, Written
from hasten.ports.bus import ENSURE, ONBOARDING_EVENTS, Bus, Message
from hasten.ports.clock import NewId, Now
from hasten.ports.telemetry import Emit, Event
from hasten.records.outbox import Outbox
from hasten.targets import Target

BUCKET = timedelta(seconds=1)
"""The events of one bucket wake a target once, and once more at its end."""


@dataclass(frozen=True, slots=True)
class Onboarding:
    reading: Reading
    writing: Writing
    rejecting: Rejecting
    bus: Bus
    outbox: Outbox
    targets: Mapping[str, Target]
    emit: Emit
    now: Now
    new_id: NewId

    async def take(self, posted: Posted) -> None:
        """Raises TemporaryError of Graph, with nothing lost. What cannot be obeyed is parked."""
        identity = Identity()
        try:
            event = read(posted.body, posted.content_type, posted.properties, self.now())
            identity = event.identity
            await self._take(posted, event)
        except InvalidEventError as error:
            await self.rejecting.whole(posted, error.faults, error.identity)
        except PermanentError as error:
            refused = fault(Trouble.REFUSED, "event", error.reason, error.next_action)
            await self.rejecting.whole(posted, [refused], identity)

    async def _take(self, posted: Posted, event: OnboardingEvent) -> None:
        target = self.targets.get(event.data.target)
        if target is None:
            unknown = fault(Trouble.UNKNOWN_TARGET, "data.target")
            raise InvalidEventError([unknown], event.identity)
        start = starts_at(event.data)
        if start is not None and start > self.now():
            await self.bus.send(ONBOARDING_EVENTS, [held(posted, event, start, self.new_id)])
            self._tell(posted, event, "held", until=start.isoformat())
            return
        parts = split(posted, event, self.new_id)
        if parts:
            await self.bus.send(ONBOARDING_EVENTS, parts)
            self._tell(posted, event, "split", parts=len(parts))
            return
        plan = await self.reading.plan(event, target, is_end=bool(posted.end_of))
        await self._carry_out(posted, event, plan)

    async def _carry_out(self, posted: Posted, event: OnboardingEvent, plan: Plan) -> None:
        later = ends(posted, event, plan, self.new_id)
        if later:
            await self.bus.send(ONBOARDING_EVENTS, later)
        written = await self.writing.write(event, plan, posted.end_of)
        if not written.is_all_stale:
            await self.bus.send(ENSURE, ensures(event.data.target, self.now()))
        for refused in plan.refused:
            await self.rejecting.part(posted, event, refused)
        await self.outbox.tell(self._outcomes(event, plan, written))
        counts = {str(what): count for what, count in written.counts.items()}
        result = "accepted" if plan.wants and not written.is_all_stale else "idle"
        self._tell(posted, event, result, refused=len(plan.refused), **counts)

    def _outcomes(self, event: OnboardingEvent, plan: Plan, written: Written) -> Sequence[Outcome]:
        stale = [
            self._outcome(
                event,
                group=group,
                user="" if user == THE_GROUP else user,
                result=STALE,
                reason="a newer event of the person and the group came first",
                next_action="if this is still wanted, post it again with a new id and time",
            )
            for group, user in written.stale
        ]
        idle = [
            self._outcome(
                event,
                group="",
                user=user,
                result=State.IN_SYNC,
                reason="the person is not assigned to the target",
                next_action="",
            )
            for user in plan.idle
        ]
        superseded = [
            of_event(
                intent.replaced,
                target=intent.target,
                group=intent.group,
                user="" if intent.user == THE_GROUP else intent.user,
                result=State.SUPERSEDED,
                reason="a newer event of the person and the group took its place",
                next_action="",
                now=self.now(),
            )
            for intent in written.replacing
            if intent.replaced is not None
        ]
        return [*stale, *idle, *superseded]

    def _outcome(
        self,
        event: OnboardingEvent,
        *,
        group: str,
        user: str,
        result: str,
        reason: str,
        next_action: str,
    ) -> Outcome:
        return of_event(
            Cause(event.source, event.id),
            target=event.data.target,
            group=group,
            user=user,
            result=result,
            reason=reason,
            next_action=next_action,
            now=self.now(),
        )

    def _tell(self, posted: Posted, event: OnboardingEvent, result: str, **more: int | str) -> None:
        about = {
            "target": event.data.target,
            "type": event.data.type,
            "message": posted.message_id,
            "people": len(people(event.data)),
            **more,
        }
        self.emit(Event("onboarding", result, about))


def ensures(target: str, now: datetime) -> list[Message]:
    """Now, and at the end of the bucket for what equal messages brought meanwhile."""
    bucket = int(now.timestamp() // BUCKET.total_seconds())
    end = datetime.fromtimestamp((bucket + 1) * BUCKET.total_seconds(), UTC)
    ensure = Ensure(target=target)
    return [
        ensure.message(f"{target}:events:{bucket}"),
        ensure.message(f"{target}:events:{bucket}:end", end),
    ]

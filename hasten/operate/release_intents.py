"""What an operator decides of revocations that events want and the brake holds: to bring them about
after all, or to leave the memberships as they are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from hasten.domain.intents import Intent
from hasten.domain.outcomes import REJECTED, of_event
from hasten.messages import Ensure
from hasten.operate.release import DISCARDED, refuse_observed
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId, Now
from hasten.records.intents import Intents
from hasten.records.outbox import Outbox
from hasten.targets import Target


@dataclass(frozen=True, slots=True)
class ReleasingIntents:
    intents: Intents
    outbox: Outbox
    bus: Bus
    targets: Mapping[str, Target]
    now: Now
    new_id: NewId

    async def held(
        self, target: str, *, groups: Collection[str], users: Collection[str]
    ) -> list[Intent]:
        """Held intents of a target, of these groups and users only where any are given. Nothing
        has been written to Entra ID for them."""
        return [
            intent
            for intent in await self.intents.open_intents(target)
            if intent.held
            and (not groups or intent.group in groups)
            and (not users or intent.user in users)
        ]

    async def release(self, target: str, intents: Sequence[Intent]) -> list[Intent]:
        """Those that were still held, now to be brought about: the brake does not judge them again.

        Raises PermanentError where the target only observes.
        """
        refuse_observed(self.targets[target])
        moved = await self.intents.update(
            intents, lambda intent: replace(intent, held="", released=True)
        )
        if moved:
            ensure = Ensure(target=target)
            await self.bus.send(ensure.queue, [ensure.message(self.new_id())])
        return moved

    async def discard(self, _target: str, intents: Sequence[Intent]) -> list[Intent]:
        """Those that were still held, ended and told as rejected."""
        outcomes = [
            of_event(
                intent.cause,
                target=intent.target,
                group=intent.group,
                user=intent.user,
                result=REJECTED,
                reason=DISCARDED,
                next_action="none: the membership stays as it is",
                now=self.now(),
            )
            for intent in intents
        ]
        await self.outbox.tell(outcomes)
        return await self.intents.finish(intents, REJECTED)

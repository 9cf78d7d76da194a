"""Whatever clients do and however time passes: no message is lost and none is in two places."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.servicebus.entities import QueueSettings
from emulator.servicebus.entries import Entry, MessageLockLostError, Post
from emulator.servicebus.queue import make_queue


class Conservation(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue, self.dead = make_queue(
            QueueSettings(
                name="q", lock_duration=30, max_delivery_count=3, dead_letter_expired=True
            )
        )
        self.now = 0.0
        self.sent = 0
        self.completed = 0
        self.taken: list[Entry] = []

    @rule(ttl=st.sampled_from([10, float("inf")]), delay=st.sampled_from([None, 5, 50]))
    def send(self, ttl: float, delay: float | None) -> None:
        at = None if delay is None else self.now + delay
        post = Post(content=self.sent, time_to_live=ttl, scheduled_at=at)
        self.queue.send([post], now=self.now)
        self.sent += 1

    @rule()
    def take(self) -> None:
        entry = self.queue.take(now=self.now)
        if entry is not None:
            self.taken.append(entry)

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), how=st.sampled_from(["complete", "abandon", "release", "defer", "bury"]))
    def settle(self, data: st.DataObject, how: str) -> None:
        entry = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        if entry.lock is None:
            return  # expired or settled meanwhile
        token = entry.lock.token
        try:
            if how == "bury":
                self.queue.dead_letter(token, reason=None, description=None, now=self.now)
            else:
                getattr(self.queue, how)(token, now=self.now)
                self.completed += how == "complete"
        except MessageLockLostError:
            assert entry.lock is None

    @rule(seconds=st.sampled_from([1, 10, 31]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def every_message_is_in_one_place(self) -> None:
        here, buried = self.queue.counts(now=self.now), self.dead.counts(now=self.now)
        places = (here.active, here.scheduled, here.deferred, here.locked, buried.active)

        assert sum(places) + self.completed == self.sent == here.incoming

    @invariant()
    def what_is_seen_has_numbers_of_its_own(self) -> None:
        numbers = [
            entry.sequence_number
            for queue in (self.queue, self.dead)
            for entry in queue.peek(start=0, limit=1000, now=self.now)
        ]

        assert len(set(numbers)) == len(numbers)


TestConservation = Conservation.TestCase
TestConservation.settings = settings(stateful_step_count=30)

"""One membership that events want: intent, lease, fence, writes to Entra ID that may land late.

The readable form of the same protocol is writes.qnt; docs/model.md maps its words to the code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from model.search import Step


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules of the code. A mutant is without one of them."""

    fence: bool = True
    looks_again_after_write: bool = True
    """The newest event is read after each write. If it wants the opposite, its intent is opened
    again."""

    looks_again_after_loss: bool = True
    """Whoever displaces a worker opens the intents again whose write it left without an end."""

    counts_reopenings: bool = True
    """A worker that was displaced does not end an intent that was opened again since its read."""

    compare_and_set: bool = True
    mark: bool = True


class Intent(NamedTuple):
    """The number of the newest event. Events alternately want the membership and its end."""

    event: int
    state: str
    reopened: int = 0
    """How often it was looked at again: a worker that read it before does not end it."""

    @property
    def member(self) -> bool:
        return self.event % 2 == 1


class Worker(NamedTuple):
    pc: str = "idle"
    intent: Intent | None = None
    writes: bool = False
    has_wake: bool = False
    is_silent: bool = False


IDLE = Worker()
DEAD = Worker("dead")


class State(NamedTuple):
    """`events` is how many were written as intents, `coming` how many wakes are still to be sent.
    `under_way` holds the writes that Graph has and that may still take effect: who sent them, and
    what they write. `writing` and `unsure` are those of the lease."""

    events: int = 0
    coming: int = 0
    wakes: int = 0
    intent: Intent | None = None
    member: bool = False
    under_way: tuple[tuple[int, bool], ...] = ()
    owner: int = 0
    marked: bool = False
    writing: bool = False
    unsure: bool = False
    faults: int = 0
    workers: tuple[Worker, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Writes:
    """An instance: so many events, workers and faults."""

    rules: Rules = Rules()
    events: int = 2
    workers: int = 2
    faults: int = 1

    def start(self) -> State:
        return State(workers=(IDLE,) * self.workers)

    def broken(self, s: State) -> str:
        if s.intent is None or s.under_way or s.unsure:
            return ""
        if any(self._may_still_write(s, i, worker) for i, worker in enumerate(s.workers)):
            return ""
        if s.intent.state == "open":
            return "" if self._comes_for_the_intent(s) else "an open intent that nobody comes for"
        if s.member is s.intent.member:
            return ""
        return "a grant after a newer revoke" if s.member else "a lost grant"

    def _may_still_write(self, s: State, i: int, w: Worker) -> bool:
        """A worker that died holding the lease is displaced, and its writes are looked at again."""
        if w.pc == "dead":
            return s.owner == i + 1 and s.writing
        return w.pc in {"sent", "written"}

    def _comes_for_the_intent(self, s: State) -> bool:
        if s.coming or s.wakes:
            return True
        for number, worker in enumerate(s.workers, start=1):
            holds = s.owner == number and worker.pc != "dead"
            if holds and (worker.pc != "letting go" or s.marked):
                return True
        return False

    def steps(self, s: State) -> Iterator[Step[State]]:
        if s.events < self.events:
            event = s.events + 1
            written = s._replace(events=event, intent=Intent(event, "open"), coming=s.coming + 1)
            yield "event", written
        if s.coming:
            yield "wake", s._replace(coming=s.coming - 1, wakes=s.wakes + 1)
        for k, (sender, member) in enumerate(s.under_way):
            rest = (*s.under_way[:k], *s.under_way[k + 1 :])
            yield "write lands", self._landed(s, sender, rest)._replace(member=member)
            if sender == 0:
                yield "write is lost", s._replace(under_way=rest)
        for i, worker in enumerate(s.workers):
            if worker.pc != "dead":
                yield from self._worker(s, i, worker)
                yield from self._fault(s, i, worker)
            elif s.owner != i + 1:
                yield "restart", _with(s, i, IDLE)

    def _landed(self, s: State, sender: int, rest: tuple[tuple[int, bool], ...]) -> State:
        if sender == 0:
            return s._replace(under_way=rest)
        worker = s.workers[sender - 1]
        return _with(s, sender - 1, worker._replace(pc="written"))._replace(under_way=rest)

    def _worker(self, s: State, i: int, w: Worker) -> Iterator[Step[State]]:
        me = i + 1
        mine = s.owner == me
        if w.pc == "idle" and s.wakes:
            yield from self._acquire(s._replace(wakes=s.wakes - 1), i)
        elif w.pc == "round":
            yield from self._round(s, i, w, mine=mine)
        elif w.pc == "reading":
            yield from self._read(s, i, w)
        elif w.pc == "planned" and not mine and self.rules.fence:
            yield "displaced", _with(s, i, IDLE)
        elif w.pc == "planned":
            sent = _with(s, i, w._replace(pc="sent"))
            writing = s.writing or mine
            under_way = (*s.under_way, (me, w.writes))
            yield "send write", sent._replace(under_way=under_way, writing=writing)
        elif w.pc == "written":
            yield from self._look_again(s, i, w)
        elif w.pc == "settling":
            yield "settle", self._settled(s, i, w, mine=mine)
        elif w.pc == "letting go":
            if not mine:
                yield "displaced", _with(s, i, IDLE)
            elif s.marked and self.rules.compare_and_set:
                yield "find mark", _with(s, i, w._replace(pc="round"))
            else:
                freed = s._replace(owner=0, marked=False, writing=False)
                yield "release", _with(freed, i, IDLE)

    def _acquire(self, s: State, i: int) -> Iterator[Step[State]]:
        me = i + 1
        holder = s.workers[s.owner - 1] if s.owner else None
        if holder is None or s.owner == me or holder.pc == "dead" or holder.is_silent:
            unsure = (s.unsure or s.writing) and self.rules.looks_again_after_loss
            taken = s._replace(owner=me, marked=False, writing=False, unsure=unsure)
            yield "take lease", _with(taken, i, Worker("round", has_wake=True))
        else:
            yield "leave mark", _with(s, i, IDLE)._replace(marked=s.marked or self.rules.mark)

    def _round(self, s: State, i: int, w: Worker, *, mine: bool) -> Iterator[Step[State]]:
        if not mine:
            yield "displaced", _with(s, i, IDLE)
            return
        reading = _with(s, i, w._replace(pc="reading"))._replace(marked=False)
        yield "take mark", reading
        if s.unsure and not s.under_way and s.intent is not None:
            times = s.intent.reopened + self.rules.counts_reopenings
            intent = s.intent._replace(state="open", reopened=times)
            yield "open again", reading._replace(unsure=False, intent=intent)

    def _read(self, s: State, i: int, w: Worker) -> Iterator[Step[State]]:
        """Graph lists the members; a worker writes only what is missing."""
        if s.intent is None or s.intent.state == "done":
            yield "find nothing", _with(s, i, w._replace(pc="letting go"))
            return
        seen = w._replace(intent=s.intent, writes=s.intent.member)
        if s.member is s.intent.member:
            yield "plan: is there", _with(s, i, seen._replace(pc="settling"))
        else:
            yield "plan: write", _with(s, i, seen._replace(pc="planned"))

    def _look_again(self, s: State, i: int, w: Worker) -> Iterator[Step[State]]:
        wanted = s.intent is None or s.intent.member is w.writes
        if wanted or not self.rules.looks_again_after_write:
            kept = w.intent is not None and w.writes is w.intent.member
            yield "still wanted", _with(s, i, w._replace(pc="settling" if kept else "round"))
        elif s.intent is not None:
            times = s.intent.reopened + self.rules.counts_reopenings
            again = s.intent._replace(state="open", reopened=times)
            after = _with(s, i, w._replace(pc="round", intent=None, writes=False))
            yield "hand over", after._replace(intent=again, coming=s.coming + 1)

    def _settled(self, s: State, i: int, w: Worker, *, mine: bool) -> State:
        """A newer event keeps its intent open."""
        after = _with(s, i, w._replace(pc="round", intent=None, writes=False))
        after = after._replace(writing=s.writing and not mine)
        if s.intent is None or s.intent != w.intent:
            return after
        return after._replace(intent=s.intent._replace(state="done"))

    def _fault(self, s: State, i: int, w: Worker) -> Iterator[Step[State]]:
        if s.faults >= self.faults or w.pc == "idle":
            return
        faulty = s._replace(faults=s.faults + 1, wakes=s.wakes + w.has_wake)
        orphans = tuple(sorted((0 if k == i + 1 else k, wish) for k, wish in s.under_way))
        yield "crash", _with(faulty, i, DEAD)._replace(under_way=orphans)
        if s.owner == i + 1 and not w.is_silent:
            yield "stall", _with(faulty, i, w._replace(is_silent=True, has_wake=False))


def _with(s: State, i: int, worker: Worker) -> State:
    return s._replace(workers=(*s.workers[:i], worker, *s.workers[i + 1 :]))

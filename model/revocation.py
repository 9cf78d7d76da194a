"""One person in one group of one target: directory, cursor, ledger, bus, lease, fence, calls.

The readable form of the same protocol is revocation.qnt; docs/model.md maps its words to the code.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from model.revocation_rules import Rules
from model.revocation_state import (
    DEAD,
    IDLE,
    MOST,
    OPEN,
    Reader,
    Row,
    State,
    Worker,
    loaded,
    with_reader,
    with_worker,
)
from model.search import Step


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """An instance: so many changes, readers and workers; `lost_looks` of the readers die, and
    `faults` of the workers die or stall."""

    rules: Rules = field(default_factory=Rules)
    changes: int = 2
    starts_as_member: bool = True
    readers: int = 2
    workers: int = 1
    faults: int = 0
    lost_looks: int = 0

    def is_member(self, version: int) -> bool:
        return (version % 2 == 0) is self.starts_as_member

    def start(self) -> State:
        return State(
            access=self.starts_as_member,
            readers=(Reader(),) * self.readers,
            workers=(IDLE,) * self.workers,
        )

    def broken(self, s: State) -> str:
        if s.stale_call:
            return "a call by a worker that was displaced"
        if s.row is not None and s.row.state in OPEN:
            is_found = s.lost_looks > 0 or self._comes_for_the_row(s)
            return "" if is_found else "an open row that nobody comes for"
        if s.position != s.truth or any(reader.pc != "idle" for reader in s.readers):
            return ""
        if s.overtaken and (s.row is None or s.row.removal):
            return ""
        if s.access and not self.is_member(s.truth):
            return "done while access stays" if s.row else "a lost revocation"
        left_to_cycle = s.overtaken or (s.row is not None and s.row.doubted)
        is_lost = self.is_member(s.truth) and not s.access and not left_to_cycle
        return "a lost grant" if is_lost else ""

    def _comes_for_the_row(self, s: State) -> bool:
        """The model has no timer here. A look that dies between ledger and wake leaves its row to
        the timer."""
        if s.wakes or any(r.pc == "recorded" for r in s.readers) or s.looks:
            return True
        for number, worker in enumerate(s.workers, start=1):
            holds = s.owner == number and worker.pc != "dead"
            if holds and (worker.pc != "letting go" or s.marked or worker.wakes_later):
                return True
        return s.position != s.truth or any(r.pc != "idle" for r in s.readers)

    def steps(self, s: State) -> Iterator[Step[State]]:
        yield from self._directory(s)
        for i, reader in enumerate(s.readers):
            yield from self._reader(s, i, reader)
        for i, worker in enumerate(s.workers):
            if worker.pc != "dead":
                yield from self._worker(s, i, worker)
                yield from self._fault(s, i, worker)
            elif s.owner != i + 1:
                yield "restart", with_worker(s, i, IDLE)

    def _directory(self, s: State) -> Iterator[Step[State]]:
        if s.truth < self.changes:
            yield "change", s._replace(truth=s.truth + 1, looks=min(MOST, s.looks + 1))
        if s.position < s.truth and not s.looks:
            yield "reconcile", s._replace(looks=1)
        if s.settled < s.truth:
            now = s.settled + 1
            yield "replicate", s._replace(settled=now, entra=max(s.entra, now))
        if s.row is not None and not s.is_old and s.settled >= s.row.at:
            yield "time passes", s._replace(is_old=True)
        if s.late:
            for version in range(s.entra, s.truth + 1):
                acted = s._replace(late=s.late - 1, entra=version, overtaken=True)
                yield "late call acts", acted._replace(access=self.is_member(version))
        is_contradicted = s.overtaken and s.access
        if is_contradicted and s.row is not None and s.row.removal and s.row.state == "done":
            again = s._replace(row=s.row._replace(state="waiting"), overtaken=False)
            yield "log contradicts", again._replace(wakes=MOST)

    def _reader(self, s: State, i: int, r: Reader) -> Iterator[Step[State]]:
        if r.pc == "idle" and s.looks:
            yield "take look", with_reader(s, i, loaded(s))._replace(looks=s.looks - 1)
        elif r.pc == "loaded":
            yield from self._read(s, i, r)
        elif r.pc == "read":
            if self.rules.ledger_before_cursor:
                yield "record", with_reader(self._record(s, r), i, r._replace(pc="recorded"))
            else:
                yield from self._save(s, i, r, after="saved")
        elif r.pc == "saved":
            yield "record", with_reader(self._record(s, r), i, r._replace(pc="recorded"))
        elif r.pc == "recorded":
            done = Reader() if not self.rules.ledger_before_cursor else r._replace(pc="woke")
            yield "wake", with_reader(s, i, done)._replace(wakes=min(MOST, s.wakes + 1))
        elif r.pc == "woke":
            yield from self._save(s, i, r, after="idle")
        if r.pc != "idle" and s.lost_looks < self.lost_looks:
            gone = with_reader(s, i, Reader())
            again = gone._replace(looks=MOST, lost_looks=s.lost_looks + 1)
            yield "reader crashes", again

    def _read(self, s: State, i: int, r: Reader) -> Iterator[Step[State]]:
        """A replica answers. Where someone left and joined again, either may be reported."""
        for version in range(max(r.position, s.settled), s.truth + 1):
            if version == r.position:
                yield "read: nothing", with_reader(s, i, Reader())
                continue
            left = any(not self.is_member(v) for v in range(r.position + 1, version + 1))
            for removal in {not self.is_member(version), left}:
                seen = r._replace(
                    pc="read",
                    read=version,
                    removal=removal,
                    doubted=removal is self.is_member(version),
                )
                yield "read", with_reader(s, i, seen)

    def _save(self, s: State, i: int, r: Reader, *, after: str) -> Iterator[Step[State]]:
        if s.origin != r.origin:
            yield "save cursor: lost race", with_reader(s, i, loaded(s))
            return
        then = Reader() if after == "idle" else r._replace(pc=after)
        moved = with_reader(s, i, then)
        yield "save cursor", moved._replace(position=r.read, origin=s.origin + 1)

    def _record(self, s: State, r: Reader) -> State:
        row = self._newer(s.row, Row(r.removal, r.origin, r.read, "pending", 0, r.doubted))
        return s if row == s.row else s._replace(row=row, is_old=False)

    def _newer(self, known: Row | None, found: Row) -> Row:
        if known is None:
            return found
        if found.origin < known.origin:
            return known
        same = known.removal is found.removal
        if found.origin == known.origin:
            return self._of_one_slice(known, found)
        if same and known.state == "pending":
            return known._replace(origin=found.origin, at=found.at)
        return found

    def _of_one_slice(self, known: Row, found: Row) -> Row:
        if known.removal is found.removal:
            counts = self.rules.later_read_counts and known.state in OPEN
            at = max(known.at, found.at) if counts else known.at
            return known._replace(at=at, doubted=known.doubted or found.doubted)
        wins = found.removal or not self.rules.removal_wins_in_a_slice
        return (found if wins else known)._replace(doubted=self.rules.removal_wins_in_a_slice)

    def _worker(self, s: State, i: int, w: Worker) -> Iterator[Step[State]]:
        me = i + 1
        mine = s.owner == me
        if w.pc == "idle" and s.wakes:
            yield from self._acquire(s._replace(wakes=s.wakes - 1), i)
        elif w.pc == "round" and not mine:
            yield "displaced", with_worker(s, i, IDLE)
        elif w.pc == "round":
            yield "take mark", with_worker(s, i, w._replace(pc="reading"))._replace(marked=False)
        elif w.pc == "reading":
            yield from self._plan(s, i, w)
        elif w.pc == "planned":
            yield from self._reserve(s, i, w)
        elif w.pc == "reserved" and not mine and self.rules.fence:
            yield "displaced", with_worker(s, i, IDLE)
        elif w.pc == "reserved":
            sent = with_worker(s, i, w._replace(pc="sent", was_old=s.is_old))
            yield "send call", sent._replace(stale_call=s.stale_call or not mine)
        elif w.pc == "sent":
            for version in range(s.entra, s.truth + 1):
                active = self.is_member(version)
                answered = with_worker(s, i, w._replace(pc="answered", active=active))
                acted = answered._replace(entra=version, access=active)
                yield "call acts", acted._replace(overtaken=s.overtaken or not mine)
        elif w.pc == "answered":
            yield "settle", self._settled(s, i, w)
        elif w.pc == "letting go":
            yield from self._release(s, i, w, mine=mine)

    def _acquire(self, s: State, i: int) -> Iterator[Step[State]]:
        me = i + 1
        holder = s.workers[s.owner - 1] if s.owner else None
        if holder is None or s.owner == me or holder.pc == "dead" or holder.is_silent:
            mine = Worker("reading", has_wake=True)
            taken = s._replace(owner=me, marked=False)
            yield "take lease", with_worker(taken, i, mine)
        elif self.rules.mark:
            yield "leave mark", with_worker(s, i, IDLE)._replace(marked=True)
        else:
            yield "leave mark", with_worker(s, i, IDLE)

    def _plan(self, s: State, i: int, w: Worker) -> Iterator[Step[State]]:
        row = s.row
        if row is None or row.state not in OPEN:
            yield "find nothing", with_worker(s, i, w._replace(pc="letting go"))
            return
        if row.state == "waiting":
            wake = with_worker(s, i, w._replace(pc="letting go", wakes_later=True))
            yield "find nothing: not due", wake
        planned = w._replace(pc="planned", row=row)
        if not row.removal:
            yield "plan: grant", with_worker(s, i, planned)
            return
        for version in range(s.settled, s.truth + 1):
            believed = s.is_old or not self.rules.ledger_before_replica
            if self.is_member(version) and believed:
                joined = row._replace(removal=False, state="pending", at=version, doubted=False)
                after = s._replace(row=joined, is_old=False)
                yield "plan: rejoin", with_worker(after, i, w._replace(pc="round"))
            else:
                yield "plan: revocation", with_worker(s, i, planned)

    def _reserve(self, s: State, i: int, w: Worker) -> Iterator[Step[State]]:
        if s.row is None or s.row != w.row:
            yield "start call: lost race", with_worker(s, i, w._replace(pc="round", row=None))
            return
        row = s.row._replace(state="calling", caller=i + 1)
        yield "start call", with_worker(s, i, w._replace(pc="reserved", row=row))._replace(row=row)

    def _settled(self, s: State, i: int, w: Worker) -> State:
        after = with_worker(s, i, w._replace(pc="round", row=None, active=False, was_old=False))
        if s.row is None or w.row is None or s.row[0] is not w.row.removal:
            return after
        if s.row.state != "calling" or s.row.caller != i + 1:
            return after
        is_final = w.was_old or not self.rules.early_answer_is_not_final
        done = not w.active if s.row.removal else w.active or is_final
        return after._replace(row=s.row._replace(state="done" if done else "waiting", caller=0))

    def _release(self, s: State, i: int, w: Worker, *, mine: bool) -> Iterator[Step[State]]:
        if w.wakes_later:
            sent = with_worker(s, i, w._replace(wakes_later=False))
            yield "send wake", sent._replace(wakes=min(MOST, s.wakes + 1))
        elif not mine:
            yield "displaced", with_worker(s, i, IDLE)
        elif s.marked and self.rules.compare_and_set:
            yield "find mark", with_worker(s, i, w._replace(pc="round"))
        else:
            yield "release", with_worker(s, i, IDLE)._replace(owner=0, marked=False)

    def _fault(self, s: State, i: int, w: Worker) -> Iterator[Step[State]]:
        if s.faults >= self.faults or w.pc == "idle":
            return
        wakes = min(MOST, s.wakes + w.has_wake)
        faulty = s._replace(faults=s.faults + 1, wakes=wakes)
        late = s.late + (w.pc == "sent")
        yield "crash", with_worker(faulty, i, DEAD)._replace(late=late)
        if s.owner == i + 1 and not w.is_silent:
            silent = w._replace(is_silent=True, has_wake=False)
            yield "stall", with_worker(faulty, i, silent)

"""The state of model/revocation.py: what each record and each process holds."""

from typing import NamedTuple


class Row(NamedTuple):
    """`at` is the version of the membership that the read saw. `caller` is the worker whose call
    the row waits for."""

    removal: bool
    origin: int
    at: int
    state: str
    caller: int = 0
    doubted: bool = False


class Reader(NamedTuple):
    pc: str = "idle"
    position: int = 0
    origin: int = 0
    read: int = 0
    removal: bool = False
    doubted: bool = False


class Worker(NamedTuple):
    pc: str = "idle"
    row: Row | None = None
    was_old: bool = False
    """Whether replicas had settled when the call left."""

    active: bool = False
    has_wake: bool = False
    is_silent: bool = False
    wakes_later: bool = False


IDLE = Worker()
DEAD = Worker("dead")


class State(NamedTuple):
    """`truth` counts the changes of the membership: an even number is a member. Every replica has
    at least `settled` of them, and Entra's provisioning has `entra`."""

    truth: int = 0
    settled: int = 0
    entra: int = 0
    access: bool = True
    position: int = 0
    origin: int = 0
    row: Row | None = None
    is_old: bool = False
    looks: int = 0
    wakes: int = 0
    owner: int = 0
    marked: bool = False
    late: int = 0
    """Calls whose worker is gone and that may still take effect."""

    overtaken: bool = False
    """Such a call, or that of a worker that was displaced, took effect after others may have ended
    the row. The provisioning log shows it: Hasten calls again for a leaver, and Entra's own cycle
    provisions a joiner."""

    faults: int = 0
    lost_looks: int = 0
    readers: tuple[Reader, ...] = ()
    workers: tuple[Worker, ...] = ()
    stale_call: bool = False


OPEN = frozenset({"pending", "calling", "waiting"})
MOST = 1
"""Messages of a queue: equal ones count as one."""


def loaded(s: State) -> Reader:
    return Reader("loaded", s.position, s.origin)


def with_reader(s: State, i: int, reader: Reader) -> State:
    return s._replace(readers=tuple(sorted((*s.readers[:i], reader, *s.readers[i + 1 :]))))


def with_worker(s: State, i: int, worker: Worker) -> State:
    return s._replace(workers=(*s.workers[:i], worker, *s.workers[i + 1 :]))

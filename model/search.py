"""Visits every state of a small instance of a protocol, breadth first."""

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

S = TypeVar("S", bound=Hashable)

Step = tuple[str, S]
"""The name of an action, and the state after it."""


class Model(Protocol[S]):
    """`broken` names the invariant that a state breaks, or returns an empty string."""

    def start(self) -> S: ...

    def steps(self, state: S) -> Iterator[Step[S]]: ...

    def broken(self, state: S) -> str: ...


@dataclass(frozen=True)
class Result:
    """`path` is a shortest way to the state that breaks an invariant, by names of actions.
    `actions` holds every action that was taken: one that never is shows a mistake in the model."""

    states: int
    broken: str
    path: tuple[str, ...]
    actions: frozenset[str]


def explore(model: Model[S]) -> Result:
    """Stops at the first state that breaks an invariant."""
    start = model.start()
    if broken := model.broken(start):
        return Result(1, broken, (), frozenset())
    came_from: dict[S, tuple[S, str] | None] = {start: None}
    queue, actions = deque([start]), set[str]()
    while queue:
        state = queue.popleft()
        for name, after in model.steps(state):
            actions.add(name)
            if after in came_from:
                continue
            came_from[after] = state, name
            if broken := model.broken(after):
                return Result(len(came_from), broken, _path(came_from, after), frozenset(actions))
            queue.append(after)
    return Result(len(came_from), "", (), frozenset(actions))


def _path(came_from: dict[S, tuple[S, str] | None], state: S) -> tuple[str, ...]:
    names: list[str] = []
    while (step := came_from[state]) is not None:
        state, name = step
        names.append(name)
    return tuple(reversed(names))

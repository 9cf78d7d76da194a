"""Emulates what Graph does with a webhook that answers late: first it delays notifications, then it
drops them (Graph, change notifications through webhooks)."""

from collections import defaultdict, deque
from enum import Enum, auto
from urllib.parse import urlsplit

WINDOW = 600.0
"""Real seconds over which answers are counted, and for which a state lasts."""

LATE, VERY_LATE = 3.0, 10.0
"""Seconds for an answer: the limit for the first try, and the one for retries."""

SLOW_ABOVE, DROPPED_ABOVE = 0.10, 0.15
FEWEST = 5
"""Minimum number of answers for a share; Graph documents no number."""


class State(Enum):
    WELL = auto()
    SLOW = auto()
    """Notifications wait for `WINDOW` seconds."""
    DROPPED = auto()
    """Notifications are lost."""


class WebhookStates:
    """The states by host: Graph judges endpoints, and several addresses lead to one. Times are real
    epoch seconds."""

    def __init__(self) -> None:
        self._answers: defaultdict[str, deque[tuple[float, float]]] = defaultdict(deque)
        self._until: dict[str, tuple[State, float]] = {}

    def note(self, url: str, *, at: float, took: float) -> None:
        """Counts an answer, or its absence, after `took` seconds."""
        host = urlsplit(url).netloc
        answers = self._answers[host]
        answers.append((at, took))
        while answers[0][0] <= at - WINDOW:
            answers.popleft()
        if len(answers) < FEWEST or self.state(url, at) is State.DROPPED:
            return
        if _share(answers, VERY_LATE) > DROPPED_ABOVE:
            self._until[host] = (State.DROPPED, at + WINDOW)
            answers.clear()
        elif _share(answers, LATE) > SLOW_ABOVE and self.state(url, at) is State.WELL:
            self._until[host] = (State.SLOW, at + WINDOW)

    def state(self, url: str, at: float) -> State:
        state, until = self._until.get(urlsplit(url).netloc, (State.WELL, 0.0))
        return state if at < until else State.WELL


def _share(answers: deque[tuple[float, float]], seconds: float) -> float:
    return sum(took >= seconds for _, took in answers) / len(answers)

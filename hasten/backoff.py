"""Computes the wait before another try: tenacity's exponential wait, with the jitter passed in."""

from datetime import timedelta

from tenacity import RetryCallState, Retrying
from tenacity.wait import wait_exponential

from hasten.domain.settlement import Backoff
from hasten.ports.clock import Jitter

_WAIT = wait_exponential(multiplier=5, min=5, max=300)
"""Waits 5 s, 10 s, 20 s … 5 min."""


def backoff(jitter: Jitter) -> Backoff:
    """Returns waits between half and all of the exponential wait, so that retries spread out."""

    def wait(attempt: int) -> timedelta:
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = attempt
        return timedelta(seconds=_WAIT(state) * (0.5 + jitter() / 2))

    return wait

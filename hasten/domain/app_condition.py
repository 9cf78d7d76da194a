"""Decides from the answers of an app whether it serves anybody at the moment."""

from dataclasses import dataclass
from datetime import datetime

from hasten.domain.app_revocation import MAX_APP_DELAY, AppRevocation, AppRevocationResult

MAX_REFUSED_IN_A_ROW = 5
"""Number of people whom the app refuses, with no success between them, after which Hasten takes it
for a lack of rights and asks for nobody else. An app protects only few accounts."""

TAKEN = frozenset({AppRevocationResult.CONFIRMED, AppRevocationResult.STILL_ACTIVE})
"""Results after which the app is known to accept what Hasten asks."""


@dataclass(slots=True)
class AppCondition:
    """What the results since the last success say about the app as a whole. The result for one
    person says nothing about the others, unless the app refuses Hasten itself."""

    refused: int = 0
    throttled_since: datetime | None = None

    def serves_nobody(self, met: AppRevocation, now: datetime) -> bool:
        """Notes a result, and returns whether further requests are of no use now: the app refuses
        Hasten, it refuses one person after another, or it answers only 429 for MAX_APP_DELAY."""
        match met.result:
            case AppRevocationResult.NO_ACCESS:
                return True
            case AppRevocationResult.REFUSED:
                self.refused += 1
                return self.refused >= MAX_REFUSED_IN_A_ROW
            case AppRevocationResult.THROTTLED if met.delay is not None:
                self.throttled_since = self.throttled_since or now
                return now + met.delay > self.throttled_since + MAX_APP_DELAY
        if met.result in TAKEN:
            self.refused, self.throttled_since = 0, None
        return False

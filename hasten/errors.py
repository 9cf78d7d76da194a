"""The two exceptions that decide retry. Any other exception is a bug and must surface."""

from datetime import timedelta


class PermanentError(Exception):
    """Trying again cannot help: someone has to do `next_action` first."""

    def __init__(self, reason: str, next_action: str) -> None:
        super().__init__(f"{reason}; {next_action}")
        self.reason = reason
        self.next_action = next_action


class TemporaryError(Exception):
    """Trying again after `delay` may help."""

    def __init__(self, reason: str, delay: timedelta) -> None:
        super().__init__(f"{reason}; try again in {delay.total_seconds():g} s")
        self.reason = reason
        self.delay = delay

"""Defines how messages reach people."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hasten.destinations import Destination
    from hasten.domain.notices import Notice


class Notifier(Protocol):
    """Posts messages to the destinations of targets.yaml."""

    async def post(self, destination: "Destination", notice: "Notice") -> None:
        """Posts a message, and returns once the destination has accepted it. Raises TemporaryError
        if another try may help, and PermanentError if an operator must act: a missing setting, an
        address that is wrong or gone. No error contains the address."""
        ...

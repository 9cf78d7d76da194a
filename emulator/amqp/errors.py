"""Defines the AMQP errors that are sent to the peer."""

from emulator.amqp.performatives import Error
from emulator.amqp.types import Symbol

INTERNAL_ERROR = "amqp:internal-error"
DECODE_ERROR = "amqp:decode-error"
NOT_FOUND = "amqp:not-found"
NOT_ALLOWED = "amqp:not-allowed"
NOT_IMPLEMENTED = "amqp:not-implemented"
RESOURCE_LIMIT_EXCEEDED = "amqp:resource-limit-exceeded"
UNKNOWN_TRANSACTION = "amqp:transaction:unknown-id"
MESSAGE_SIZE_EXCEEDED = "amqp:link:message-size-exceeded"


class AmqpError(Exception):
    """The layer above raises it to refuse an attach or to close a link."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(f"{condition}: {description}")
        self.condition = condition
        self.description = description

    @property
    def wire(self) -> Error:
        return Error(Symbol(self.condition), self.description, {})


def unknown_transaction() -> AmqpError:
    return AmqpError(
        UNKNOWN_TRANSACTION, "Transactions are not emulated: this one was never begun."
    )

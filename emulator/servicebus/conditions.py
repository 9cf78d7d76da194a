"""Maps the refusals of a queue to the AMQP conditions and statuses that the SDK knows."""

from emulator.amqp.errors import NOT_ALLOWED, AmqpError
from emulator.servicebus.entries import (
    MessageLockLostError,
    MessageNotFoundError,
    QueueError,
    SessionLockLostError,
    SessionRuleError,
    SessionTakenError,
)

SESSION_LOCK_LOST = "com.microsoft:session-lock-lost"
TIMEOUT = "com.microsoft:timeout"
ARGUMENT_ERROR = "com.microsoft:argument-error"

_TOLD: dict[type[QueueError], tuple[int, str]] = {
    MessageLockLostError: (410, "com.microsoft:message-lock-lost"),
    SessionLockLostError: (410, SESSION_LOCK_LOST),
    MessageNotFoundError: (404, "com.microsoft:message-not-found"),
    SessionTakenError: (409, "com.microsoft:session-cannot-be-locked"),
    SessionRuleError: (400, NOT_ALLOWED),
}


def to_amqp(error: QueueError) -> AmqpError:
    return AmqpError(_TOLD[type(error)][1], str(error))


def status_of(error: QueueError) -> int:
    return _TOLD[type(error)][0]

"""Defines the errors of a Directory that a flow may handle itself. All other errors decide only
about a retry."""

from datetime import timedelta

from hasten.errors import TemporaryError
from hasten.ports.directory_values import MembershipDelta

NOT_YET_DELAY = timedelta(seconds=15)
"""Delay before the next try. Graph documents no bound for its replication; its samples wait 10 s
between tries."""


class DeltaExpired(Exception):  # noqa: N818 - the field's word
    """Graph refused the delta link. Hasten must start a new one: links of groups and users end
    after 7 days (Graph docs, delta query overview)."""


class DeltaCutShort(TemporaryError):  # noqa: N818 - the field's word
    """A page of a delta could not be read. `read` contains the changes before it, and the link to
    continue from."""

    def __init__(self, cause: TemporaryError, read: MembershipDelta) -> None:
        super().__init__(cause.reason, cause.delay)
        self.read = read


class AlreadyExists(Exception):  # noqa: N818 - the field's word
    """Graph refused to create something that already exists. If the request named several members,
    at least one of them is a member already. The caller reads again."""


class Missing(Exception):  # noqa: N818 - the field's word
    """Graph answered a write with 404: something that it names does not exist, or not yet."""


class NotYet(TemporaryError):  # noqa: N818 - the field's word
    """A new object has not reached every replica of Graph. The same request will succeed later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, NOT_YET_DELAY)

"""Groups all ports into the one value that a process is built from."""

from typing import TYPE_CHECKING, Protocol

from hasten.ports.bus import Bus
from hasten.ports.clock import Jitter, NewId, Now
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit
from hasten.scim import Scim

if TYPE_CHECKING:  # the webhook uses none of these, and they load slowly
    from hasten.ports.application import Application
    from hasten.ports.dead_letters import ParkedMessages
    from hasten.ports.directory import Directory
    from hasten.ports.notifier import Notifier
    from hasten.ports.receiver import Receiver
    from hasten.ports.sign_in import SignIn


class Ports(Protocol):
    """Everything outside the process that the flows use. A port that is slow to create is created
    on first use."""

    @property
    def now(self) -> Now: ...

    @property
    def new_id(self) -> NewId: ...

    @property
    def jitter(self) -> Jitter: ...

    @property
    def emit(self) -> Emit: ...

    @property
    def store(self) -> Store: ...

    @property
    def bus(self) -> Bus: ...

    @property
    def receiver(self) -> "Receiver": ...

    @property
    def directory(self) -> "Directory": ...

    @property
    def parked_messages(self) -> "ParkedMessages": ...

    @property
    def notifier(self) -> "Notifier": ...

    @property
    def sign_in(self) -> "SignIn": ...

    def application(self, scim: Scim) -> "Application":
        """Returns the app behind a target. Raises PermanentError if the setting with its token is
        missing or unusable."""
        ...

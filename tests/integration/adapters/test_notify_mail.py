"""Mail through a real SMTP server with TLS, which aiosmtpd is: nobody here wrote it."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session

from emulator.ports import free_port
from hasten.adapters.notify.bodies import mail
from hasten.adapters.notify.mail import Mailer, mail_of
from hasten.destinations import Destination
from hasten.errors import PermanentError, TemporaryError
from tests.integration.adapters.test_notify_http import notice

SETTING = "HASTEN_NOTIFY_MAIL"
PASSWORD = "p%40ss"
"""As it stands in the address: p@ss."""

TO = Destination.model_validate(
    {
        "name": "mail",
        "medium": "mail",
        "address": SETTING,
        "to": ["iam@contoso.example", "soc@contoso.example"],
        "sender": "hasten@contoso.example",
    }
)


@dataclass
class Postbox:
    """`replies` are the next replies to a message."""

    mails: list[EmailMessage] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.replies:
            return self.replies.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(BytesParser(_class=EmailMessage, policy=default).parsebytes(content))
        return "250 OK"


@dataclass
class MailServer:
    postbox: Postbox
    mailer: Mailer
    port: int

    def address(self, user: str = "hasten", password: str = PASSWORD) -> str:
        return f"smtp://{user}:{password}@localhost:{self.port}"

    async def send(self, address: str = "", reason: str = "why") -> None:
        said = notice(reason=reason)
        message = mail_of(TO, said, mail(said))
        await self.mailer.send(SETTING, address or self.address(), message)


@pytest.fixture
def server() -> Iterator[MailServer]:
    authority = trustme.CA()
    theirs, ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(theirs)
    authority.configure_trust(ours)

    def authenticates(_: Any, __: Any, ___: Any, ____: str, given: Any) -> AuthResult:
        is_right = (given.login, given.password) == (b"hasten", b"p@ss")
        return AuthResult(success=is_right, handled=False)

    postbox, port = Postbox(), free_port()
    controller = Controller(
        postbox,
        hostname="localhost",
        port=port,
        tls_context=theirs,
        require_starttls=True,
        auth_required=True,
        authenticator=authenticates,
    )
    controller.start()
    yield MailServer(postbox, Mailer(ours), port)
    controller.stop()


async def test_a_mail_arrives_with_its_texts_and_its_links(server: MailServer) -> None:
    await server.send()

    [got] = server.postbox.mails
    assert got["Subject"] == "Hasten: 1 alert"
    assert got["To"] == "iam@contoso.example, soc@contoso.example"
    assert got["Message-ID"] == "<notice-1@hasten>"
    text = got.get_content()
    assert "Next: look at it" in text
    assert "https://hasten.example/api/ui/held" in text
    assert "and 990 more" in text


async def test_no_text_becomes_a_header_of_the_mail(server: MailServer) -> None:
    await server.send(reason="x\r\nBcc: evil@example.com")

    [got] = server.postbox.mails
    assert got["Bcc"] is None


@pytest.mark.parametrize(("user", "password"), [("hasten", "wrong-word"), ("nobody", PASSWORD)])
async def test_a_wrong_password_is_named_by_its_setting_and_never_shown(
    server: MailServer, user: str, password: str
) -> None:
    with pytest.raises(PermanentError, match=f"user and password in {SETTING}") as caught:
        await server.send(server.address(user, password))

    assert password not in str(caught.value)


async def test_a_server_that_asks_for_patience_is_tried_again(server: MailServer) -> None:
    server.postbox.replies = ["451 try later"]

    with pytest.raises(TemporaryError, match="451"):
        await server.send()


async def test_a_server_that_refuses_is_an_operators_turn(server: MailServer) -> None:
    server.postbox.replies = ["550 no such mailbox"]

    with pytest.raises(PermanentError, match="550"):
        await server.send()


async def test_a_server_that_cannot_prove_its_name_gets_no_password(server: MailServer) -> None:
    stranger = MailServer(server.postbox, Mailer(ssl.create_default_context()), server.port)

    with pytest.raises(PermanentError, match="certificate"):
        await stranger.send()
    assert server.postbox.mails == []


async def test_nobody_there_is_tried_again(server: MailServer) -> None:
    with pytest.raises(TemporaryError, match=SETTING):
        await server.send(f"smtps://hasten:{PASSWORD}@localhost:{free_port()}")


@pytest.mark.parametrize(
    "address", ["https://mail.example", "smtp://", "mail.example", "smtps://x:y"]
)
async def test_an_address_of_no_mail_server_is_named(server: MailServer, address: str) -> None:
    with pytest.raises(PermanentError, match=SETTING):
        await server.send(address)

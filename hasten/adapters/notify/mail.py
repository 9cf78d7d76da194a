"""Sends mail through a mail server, by the SMTP client of Python. The server must speak TLS and
prove its name; neither password nor text is sent before."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

from hasten.adapters.notify.http import RETRY_DELAY
from hasten.destinations import Destination
from hasten.domain.notices import Notice
from hasten.errors import PermanentError, TemporaryError

IMPLICIT_TLS, STARTTLS = "smtps", "smtp"
PORTS = {IMPLICIT_TLS: 465, STARTTLS: 587}
"""Ports where the address names none. Azure blocks port 25 (Azure docs, outbound SMTP)."""

ANSWER_TIMEOUT_SECONDS = 15
"""Maximum wait for each answer of the server."""

TRANSIENT_REPLY_CODES = range(400, 500)
"""Replies after which another try may help (RFC 5321)."""

AUTHENTICATION_REFUSED = 535


def mail_of(destination: Destination, notice: Notice, text: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = notice.title
    message["From"] = str(destination.sender)
    message["To"] = ", ".join(destination.to)
    message["Message-ID"] = f"<{notice.id}@hasten>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


class Mailer:
    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls or ssl.create_default_context()

    async def send(self, setting: str, address: str, message: EmailMessage) -> None:
        """Sends the message through the server at `address`: smtps://user:password@host, or smtp
        for STARTTLS. Errors name the setting, and hold nothing of the address. Raises
        TemporaryError and PermanentError."""
        try:
            url = urlsplit(address)
            port = url.port
        except ValueError:
            raise _wrong(setting) from None
        if url.scheme not in PORTS or not url.hostname or url.path not in {"", "/"}:
            raise _wrong(setting)
        try:
            await asyncio.to_thread(self._send, url, port or PORTS[url.scheme], message)
        except smtplib.SMTPResponseException as error:
            raise _refused(setting, error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(setting, max(code for code, _ in error.recipients.values())) from None
        except ssl.SSLCertVerificationError:
            reason = f"the server in {setting} has a certificate that is not valid for its name"
            raise PermanentError(reason, f"correct the host in {setting}") from None
        except smtplib.SMTPNotSupportedError:
            reason = f"the server in {setting} offers no TLS or no sign-in"
            raise PermanentError(reason, f"use smtps:// or another server in {setting}") from None
        except (smtplib.SMTPException, OSError) as error:
            reason = f"no answer from the server in {setting}: {type(error).__name__}"
            raise TemporaryError(reason, RETRY_DELAY) from None

    def _send(self, url: SplitResult, port: int, message: EmailMessage) -> None:
        host = str(url.hostname)
        if url.scheme == IMPLICIT_TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=ANSWER_TIMEOUT_SECONDS, context=self._tls
            )
        else:
            server = smtplib.SMTP(host, port, timeout=ANSWER_TIMEOUT_SECONDS)
        with server:
            if url.scheme == STARTTLS:
                server.starttls(context=self._tls)
            if url.username and url.password:
                server.login(unquote(url.username), unquote(url.password))
            server.send_message(message)


def _refused(setting: str, code: int) -> TemporaryError | PermanentError:
    reason = f"the server in {setting} answered {code}"
    if code in TRANSIENT_REPLY_CODES:
        return TemporaryError(reason, RETRY_DELAY)
    if code == AUTHENTICATION_REFUSED:
        return PermanentError(reason, f"correct user and password in {setting}")
    return PermanentError(reason, "check sender and to of the destination in targets.yaml")


def _wrong(setting: str) -> PermanentError:
    return PermanentError(
        f"setting {setting} is wrong: it is no address of a mail server",
        f"set {setting} to smtps://user:password@host, or smtp:// for STARTTLS",
    )

"""Implements the port `Notifier`."""

import httpx

from hasten.adapters.notify.bodies import body_for, mail
from hasten.adapters.notify.http import HttpPoster
from hasten.adapters.notify.mail import Mailer, mail_of
from hasten.destinations import Destination, Medium
from hasten.domain.notices import Notice
from hasten.settings import Settings


class PeopleNotifier:
    """Owns `transport`. The addresses are read at each post, so that a missing one hinders no other
    destination."""

    def __init__(
        self, settings: Settings, transport: httpx.AsyncBaseTransport, mailer: Mailer | None = None
    ) -> None:
        self._settings = settings
        self._http = HttpPoster(transport, is_local=settings.is_local)
        self._mailer = mailer or Mailer()

    async def post(self, destination: Destination, notice: Notice) -> None:
        setting = destination.address
        address = self._settings.notify_address(setting).get_secret_value()
        if destination.medium is Medium.MAIL:
            message = mail_of(destination, notice, mail(notice))
            await self._mailer.send(setting, address, message)
            return
        content_type, body = body_for(destination, notice, self._settings.origin)
        await self._http.post(setting, address, content_type, body, key=notice.id)

    async def close(self) -> None:
        await self._http.close()

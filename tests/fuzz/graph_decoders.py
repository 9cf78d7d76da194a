"""Decoders of the answers of Graph, and of the app's SCIM server."""

from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import SecretStr

from hasten.adapters.retry_after import retry_after
from hasten.adapters.scim.application import ScimApplication
from hasten.domain.app_account import AppAccount, PatchForm
from hasten.domain.proof import proof
from hasten.domain.verdicts import Answer, Verdict, read_verdict
from tests.fuzz.answers import Answering, answer, ran
from tests.fuzz.framing import framed
from tests.support.graph_answers import DELTA, JOB, READS, SINCE, Asked
from tests.support.graph_wire import BASE
from tests.support.scim_server import ADA, scim
from tests.unit.domain.rows import change, removal

READ_BY_NAME: Mapping[str, Asked] = {asked.name: asked for asked in READS}


def _last_page() -> httpx.Response:
    return httpx.Response(200, json={"value": [], "@odata.deltaLink": f"{DELTA}9"})


def membership(data: bytes) -> object:
    return ran(Answering(data, _last_page).directory(BASE).membership_delta(DELTA))


def people(data: bytes) -> object:
    return ran(Answering(data, _last_page).directory(BASE).people_delta(DELTA))


def read(data: bytes) -> object:
    """Any other read: the field `read` names it."""
    asked = READ_BY_NAME.get(framed(data).fields.get("read", ""), READS[0])
    return asked.use(ran(asked.ask(Answering(data, _last_page).directory(BASE))))


def log(data: bytes) -> object:
    """Reads a page of the provisioning log, and what it proves about changes of both kinds."""
    changes = [change(), removal(), removal(keeps_assignment=True)]
    subjects = frozenset(subject for one in changes for subject in one.subjects)
    directory = Answering(data, _last_page).directory(BASE)
    found = ran(directory.provisioning_log(JOB, SINCE, subjects))
    return [proof(one, found.entries) for one in changes]


def verdict(data: bytes) -> Verdict:
    given = answer(data)
    return read_verdict(Answer(given.status_code, given.content, retry_after(given)))


def app(data: bytes) -> object:
    """Finds an account, and makes it inactive by both kinds of write, if the app shows one."""

    async def scenario() -> object:
        application = _application(data)
        found = await application.find(ADA)
        if isinstance(found, AppAccount):
            for patch in (PatchForm.BOOLEAN, PatchForm.PUT):
                await _application(data, patch=patch).deactivate(found.id)
        return found

    return ran(scenario())


def account(data: bytes) -> object:
    """Reads one account, with what it takes to write it back."""

    async def scenario() -> object:
        await _application(data, patch=PatchForm.PUT).deactivate("7")
        return await _application(data).read("7")

    return ran(scenario())


def capabilities(data: bytes) -> object:
    return ran(_application(data).capabilities())


def _application(data: bytes, **settings: Any) -> ScimApplication:
    transport = httpx.MockTransport(Answering(data, _done))
    return ScimApplication(scim(**settings), SecretStr("a-token"), transport)


def _done() -> httpx.Response:
    return httpx.Response(204)

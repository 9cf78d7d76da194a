"""Lists the endpoints of the API."""

from http import HTTPStatus

from hasten.api import deciding, models, reading
from hasten.api.caller import Role
from hasten.api.endpoint import Endpoint
from hasten.api.events import post_events
from hasten.api.provisioning import Provisioned, provision
from hasten.operate.changes_list import ChangesPage
from hasten.operate.everything import Everything
from hasten.operate.overview import Overview

OK = HTTPStatus.OK

ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/events",
        name="postEvents",
        does="Takes onboarding events as CloudEvents: structured, binary, or a batch. Takes all "
        "events of a batch, or none.",
        role=Role.SEND,
        handler=post_events,
        answers={HTTPStatus.ACCEPTED: models.Events},
        raw=True,
        refusals=(HTTPStatus.REQUEST_ENTITY_TOO_LARGE,),
    ),
    Endpoint(
        method="GET",
        path="/people/{id}",
        name="readPerson",
        does="Returns what Hasten and Entra ID know about a person, in sentences and as data. `id` "
        "is an object id, a UPN, a mail address or an employeeId.",
        role=Role.READ,
        handler=reading.read_person,
        query=models.OfTarget,
        answers={OK: Everything},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Endpoint(
        method="POST",
        path="/people/{id}/provision",
        name="provisionPerson",
        does="Puts the person at the head of the queue of a target, and waits for Entra's verdict.",
        role=Role.OPERATE,
        handler=provision,
        body=models.ProvisionRequest,
        answers={OK: Provisioned, HTTPStatus.ACCEPTED: Provisioned},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Endpoint(
        method="GET",
        path="/changes",
        name="readChanges",
        does="Returns the changes, the newest first: the first page has the open ones as well.",
        role=Role.READ,
        handler=reading.read_changes,
        query=models.ChangesQuery,
        answers={OK: ChangesPage},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Endpoint(
        method="GET",
        path="/targets",
        name="readTargets",
        does="Returns the state of the app and of each target, those that need a person first.",
        role=Role.READ,
        handler=reading.read_targets,
        answers={OK: Overview},
    ),
    Endpoint(
        method="GET",
        path="/held",
        name="readHeld",
        does="Returns what is held, the oldest first, with what a release and a discard would do.",
        role=Role.READ,
        handler=reading.read_held,
        query=models.HeldQuery,
        answers={OK: reading.HeldPage},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Endpoint(
        method="POST",
        path="/held/release",
        name="releaseHeld",
        does="Releases held changes, so that Hasten calls for them after all. Where two operators "
        "must agree, the first one only proposes.",
        role=Role.OPERATE,
        handler=deciding.release,
        body=models.HeldDecision,
        answers={OK: models.Moved},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Endpoint(
        method="POST",
        path="/held/discard",
        name="discardHeld",
        does="Ends held changes without a call.",
        role=Role.OPERATE,
        handler=deciding.discard,
        body=models.HeldDecision,
        answers={OK: models.Moved},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Endpoint(
        method="POST",
        path="/stop",
        name="stop",
        does="Stops all calls and writes of Hasten, or those of one target, until a start.",
        role=Role.OPERATE,
        handler=deciding.stop,
        body=models.StopDecision,
        answers={OK: models.StopInForce},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Endpoint(
        method="POST",
        path="/start",
        name="start",
        does="Lets calls and writes go on after a stop.",
        role=Role.OPERATE,
        handler=deciding.start,
        body=models.StopDecision,
        answers={OK: models.Started},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Endpoint(
        method="GET",
        path="/scheduled",
        name="readScheduled",
        does="Returns the starts and ends of events that lie ahead, the next one first.",
        role=Role.READ,
        handler=reading.read_scheduled,
        query=models.ScheduledQuery,
        answers={OK: reading.ScheduledPage},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Endpoint(
        method="POST",
        path="/scheduled/{id}/cancel",
        name="cancelScheduled",
        does="Cancels a start or an end that lies ahead. `id` is that of the entry or its event.",
        role=Role.OPERATE,
        handler=deciding.cancel,
        body=models.Decision,
        answers={OK: models.Cancelled},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
)

"""Implements provisioning jobs, their schema, on-demand calls and the provisioning log."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.engine.target import Target
from emulator.engine.window import Window, retry_after
from emulator.graph.envelope import graph_json
from emulator.graph.errors import forbidden, not_found, too_many_requests
from emulator.graph.odata import matches
from emulator.graph.permissions import INSUFFICIENT_PRIVILEGES
from emulator.graph.routes.service_principals import find
from emulator.graph.routes.table import base, body, done, listed, one, routes
from emulator.graph.tenant import Tenant

SECRETS = "/servicePrincipals/{sp}/synchronization/secrets"
JOBS = "/servicePrincipals/{sp}/synchronization/jobs"
REPORT_CALLS, REPORT_SECONDS = 5, 10.0
"""Limit of reporting APIs: "5 requests per 10 seconds" per app and tenant (Graph, throttling
limits)."""


def synchronization_routes(tenant: Tenant) -> list[Route]:
    reports = Window(REPORT_CALLS, REPORT_SECONDS)

    async def provisioning_log(tenant: Tenant, request: Request) -> Response:
        wait = reports.take(tenant.clock.time())
        if wait:
            raise too_many_requests(retry_after(tenant.clock.real_seconds(wait)))
        return _log(tenant, request)

    return routes(
        tenant,
        [
            ("GET", SECRETS, list_secrets),
            ("GET", JOBS, list_jobs),
            ("GET", JOBS + "/{job}", get_job),
            ("GET", JOBS + "/{job}/schema", get_schema),
            ("POST", JOBS + "/{job}/provisionOnDemand", provision_on_demand),
            ("POST", JOBS + "/{job}/start", start),
            ("POST", JOBS + "/{job}/pause", pause),
            ("POST", JOBS + "/{job}/restart", start),
            ("GET", "/auditLogs/provisioning", provisioning_log),
        ],
    )


async def list_jobs(tenant: Tenant, request: Request) -> Response:
    """Returns the jobs; an app that is not provisioned has none."""
    target = tenant.targets.get(find(tenant, request).id)
    jobs = [target.job] if target and target.job.exists else []
    return listed(
        request, jobs, lambda job: json.dumps(job.shown()), context=_context(request, "jobs")
    )


async def get_job(tenant: Tenant, request: Request) -> Response:
    return one(request, _target(tenant, request).job.shown(), _context(request, "jobs"))


async def get_schema(tenant: Tenant, request: Request) -> Response:
    job = _target(tenant, request).job
    schema = job.schema(tenant.switches.now)
    return one(request, schema, _context(request, f"jobs('{job.id}')/schema"))


async def list_secrets(tenant: Tenant, request: Request) -> Response:
    """Returns hidden credentials and the settings of the provisioning scope. They are values of one
    property, so there are no pages."""
    service_principal, behaviours = find(tenant, request), tenant.switches.now
    if behaviours.secrets_unreadable:
        raise forbidden(INSUFFICIENT_PRIVILEGES)
    target = tenant.targets.get(service_principal.id)
    secrets = target.job.secrets(behaviours) if target and target.job.exists else []
    return one(request, {"value": secrets}, _context(request, "secrets"))


async def provision_on_demand(tenant: Tenant, request: Request) -> Response:
    asked = await body(request)
    return graph_json(await _target(tenant, request).provision_on_demand(asked, base(request)))


async def start(tenant: Tenant, request: Request) -> Response:
    _target(tenant, request).start()
    return done()


async def pause(tenant: Tenant, request: Request) -> Response:
    _target(tenant, request).pause()
    return done()


def _context(request: Request, rest: str) -> str:
    """Returns the context. These objects are contained in others, so it is their whole path."""
    return f"servicePrincipals('{request.path_params['sp']}')/synchronization/{rest}"


def _target(tenant: Tenant, request: Request) -> Target:
    target = tenant.targets.get(find(tenant, request).id)
    job = request.path_params["job"]
    if target is None or not target.job.exists or target.job.id != job:
        raise not_found(job)
    return target


def _log(tenant: Tenant, request: Request) -> Response:
    """Returns the log, newest first."""
    expression = request.query_params.get("$filter")
    entries: list[dict[str, Any]] = [
        entry for entry in tenant.log.visible(tenant.clock.time()) if matches(expression, entry)
    ]
    return listed(request, entries, json.dumps, context="auditLogs/provisioning")

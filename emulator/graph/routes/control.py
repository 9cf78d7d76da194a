"""Implements the paths that are not Graph's: the managed identity, and the emulator's controls and
views. Times in answers are real epoch seconds unless the name contains `emulated`."""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.engine.app import Account
from emulator.engine.target import Target
from emulator.graph.envelope import graph_json
from emulator.graph.errors import GraphError, bad_request
from emulator.graph.gateway import IDENTITY
from emulator.graph.routes.table import body, done, routes
from emulator.graph.tenant import Tenant

Json = dict[str, Any]


def control_routes(tenant: Tenant) -> list[Route]:
    return routes(
        tenant,
        [
            ("GET", IDENTITY, identity_token),
            ("GET", "/emulator/targets", targets),
            ("GET", "/emulator/targets/{sp}/accounts", accounts),
            ("GET", "/emulator/targets/{sp}/writes", writes),
            ("POST", "/emulator/targets/{sp}/quarantine", quarantine),
            ("POST", "/emulator/targets/{sp}/connector-errors", connector_errors),
            ("GET", "/emulator/stats", stats),
            ("GET", "/emulator/requests", requests),
            ("GET", "/emulator/deliveries", deliveries),
            ("POST", "/emulator/notifications/replay", replay),
            ("POST", "/emulator/faults", add_fault),
            ("DELETE", "/emulator/faults", clear_faults),
            ("POST", "/emulator/subscriptions/{id}/lifecycle", lifecycle),
            ("POST", "/emulator/replication", replication),
            ("POST", "/emulator/delta-tokens/expire", expire_delta_tokens),
            ("GET", "/emulator/clock", get_clock),
            ("POST", "/emulator/clock", set_clock),
            ("GET", "/emulator/cycle", next_cycle),
            ("POST", "/emulator/cycle", run_cycle),
        ],
        root="",
    )


async def identity_token(tenant: Tenant, request: Request) -> Response:
    """Answers as App Service does, with plain errors instead of Graph's envelope."""
    if request.headers.get("x-identity-header") != tenant.tokens.identity_header:
        return graph_json({"statusCode": 401, "message": "wrong X-IDENTITY-HEADER"}, 401)
    query = request.query_params
    if not query.get("resource") or not query.get("api-version"):
        return graph_json({"statusCode": 400, "message": "resource and api-version needed"}, 400)
    if query.get("client_id") not in {None, tenant.tokens.client_id}:
        return graph_json({"statusCode": 400, "message": "No User Assigned Identity found"}, 400)
    return graph_json(tenant.tokens.issue(query["resource"]))


async def targets(tenant: Tenant, _: Request) -> Response:
    shown = [
        {
            "id": target.service_principal.id,
            "display_name": target.service_principal.name,
            "app_id": target.service_principal.properties["appId"],
            "job": target.job.id,
            "code": target.job.code,
            "groups": sorted(target.scope.principals() & set(tenant.directory.groups)),
        }
        for target in tenant.targets.values()
    ]
    return graph_json(shown)


async def accounts(tenant: Tenant, request: Request) -> Response:
    target = tenant.target(request.path_params["sp"])
    return graph_json([_account(account) for account in target.app.accounts.values()])


async def writes(tenant: Tenant, request: Request) -> Response:
    """Returns every write that the app got, oldest first; `since` excludes earlier ones."""
    target, since = tenant.target(request.path_params["sp"]), _since(request)
    return graph_json([asdict(write) for write in target.app.writes if write.at >= since])


async def quarantine(tenant: Tenant, request: Request) -> Response:
    """Puts the job into quarantine; POST …/start on the job ends it."""
    reason = (await body(request)).get("reason", "EncounteredQuarantineException")
    tenant.target(request.path_params["sp"]).quarantine(str(reason))
    return done()


async def connector_errors(tenant: Tenant, request: Request) -> Response:
    """`{"code": "TooManyRequests", "times": 2}`: the next on-demand calls fail with this code."""
    asked = await body(request)
    codes = [str(asked.get("code", "InternalServerError"))] * int(asked.get("times", 1))
    tenant.target(request.path_params["sp"]).connector_errors.extend(codes)
    return done()


async def stats(tenant: Tenant, _: Request) -> Response:
    all_targets = tenant.targets.values()
    log = tenant.courier.log
    return graph_json(
        {
            "on_demand_calls": {t.service_principal.id: t.calls for t in all_targets},
            "throttled": sum(t.throttled for t in all_targets),
            "limit_violations": sum(t.limit_violations for t in all_targets),
            "requests": dict(tenant.journal.by_path),
            "deliveries": {
                "attempts": sum(1 for row in log if row["at"] is not None),
                "delivered": sum(1 for row in log if row["delivered"]),
                "dropped": sum(1 for row in log if row["error"] == "dropped"),
            },
        }
    )


async def requests(tenant: Tenant, request: Request) -> Response:
    """Returns requests; `path` keeps those with that text in their path, `since` those that began
    later."""
    since, part = _since(request), request.query_params.get("path", "")
    return graph_json(
        [e for e in tenant.journal.entries if e["started_at"] >= since and part in e["path"]]
    )


async def deliveries(tenant: Tenant, _: Request) -> Response:
    return graph_json(list(tenant.courier.log))


async def replay(tenant: Tenant, _: Request) -> Response:
    return graph_json({"status": await tenant.courier.replay()})


async def add_fault(tenant: Tenant, request: Request) -> Response:
    tenant.faults.add(await body(request))
    return done()


async def clear_faults(tenant: Tenant, _: Request) -> Response:
    tenant.faults.clear()
    return done()


async def lifecycle(tenant: Tenant, request: Request) -> Response:
    """Sends a lifecycle event. Groups and users have only one kind; `{"event": …}` may name
    another."""
    event = (await body(request)).get("event", "reauthorizationRequired")
    tenant.courier.remind(tenant.subscriptions.get(request.path_params["id"]), str(event))
    return done()


async def replication(tenant: Tenant, request: Request) -> Response:
    """Sets the replication delay: `delay_seconds` for everything, `assignments_delay_seconds` for
    assignments alone; None restores the common delay."""
    asked = await body(request)
    if "delay_seconds" in asked:
        tenant.replica.delay = float(asked["delay_seconds"])
    if "assignments_delay_seconds" in asked:
        delay = asked["assignments_delay_seconds"]
        tenant.replica.assignment_delay = None if delay is None else float(delay)
    return done()


async def expire_delta_tokens(tenant: Tenant, _: Request) -> Response:
    tenant.tokens_valid_from = tenant.clock.time()
    return done()


async def get_clock(tenant: Tenant, _: Request) -> Response:
    clock = tenant.clock
    return graph_json({"emulated": clock.time(), "now": clock.wall(), "speed": clock.speed})


async def set_clock(tenant: Tenant, request: Request) -> Response:
    asked = await body(request)
    try:
        if "speed" in asked:
            tenant.clock.set_speed(float(asked["speed"]))
        if "advance_seconds" in asked:
            tenant.clock.advance(float(asked["advance_seconds"]))
    except (TypeError, ValueError) as error:
        raise bad_request(str(error)) from None
    return await get_clock(tenant, request)


async def next_cycle(tenant: Tenant, request: Request) -> Response:
    return graph_json(_cycle(tenant, _target(tenant, request)))


async def run_cycle(tenant: Tenant, request: Request) -> Response:
    """Runs a cycle of one target, or of all without `target` in the query."""
    wanted = request.query_params.get("target")
    chosen = [tenant.target(wanted)] if wanted else list(tenant.targets.values())
    return graph_json(
        [{"exported": await target.cycle(), **_cycle(tenant, target)} for target in chosen]
    )


def _cycle(tenant: Tenant, target: Target) -> Json:
    clock = tenant.clock
    left = clock.real_seconds(target.next_cycle - clock.time())
    return {
        "target": target.service_principal.id,
        "next_at": clock.wall() + left if clock.speed else None,
        "emulated_next_at": target.next_cycle,
        "last": target.job.last,
    }


def _target(tenant: Tenant, request: Request) -> Target:
    wanted = request.query_params.get("target")
    if not wanted:
        raise GraphError(400, "BadRequest", "name a target")
    return tenant.target(wanted)


def _since(request: Request) -> float:
    return float(request.query_params.get("since", 0))


def _account(account: Account) -> Json:
    return {
        "id": account.user,
        "active": account.active,
        "groups": sorted(account.groups),
        "profile": account.profile,
        "changed_at": account.changed_at,
    }

"""Runs every check and collects the findings. A check that fails does not delay the others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain

from hasten.context import Context
from hasten.doctor import (
    application,
    destinations,
    door,
    flows,
    groups,
    job,
    mapping,
    permissions,
    policy_groups,
    scope,
    subscriptions,
    surroundings,
)
from hasten.doctor.findings import Finding, Level, ok, problem, warning
from hasten.doctor.subscriptions import Expected
from hasten.domain import cycle
from hasten.domain.jobs import choose_rule
from hasten.domain.matching import job_match
from hasten.errors import NoTokenError, PermanentError, TemporaryError
from hasten.operate import cycle_waits, policy_left_out, stuck, unread_target
from hasten.ports.probes import Probes, Token
from hasten.records import discovered, job_seen, people_refusal
from hasten.records import policy_left_out as left_out_records
from hasten.records import subscriptions as records
from hasten.records.job_seen import JobSeen
from hasten.scim import Scim
from hasten.settings import NotSetError, Settings
from hasten.targets import Target
from hasten.watch.route import service_principal

TOKEN, TARGET, CHANGES = "token", "target", "changes"

GRAPH = "the network and HASTEN_GRAPH_URL"
LOOK_AT = {
    surroundings.QUEUE: "the network and ServiceBusConnection",
    surroundings.STORE: "the network and HASTEN_STORE",
    surroundings.APP: "the network and HASTEN_STORE",
    CHANGES: "the network and HASTEN_STORE",
    application.CHECK: "the app and scim.url",
    door.CHECK: "the network and HASTEN_PUBLIC_URL",
}
"""Advice by check, for a system that did not answer."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Doctor:
    """Runs the checks. It calls `report` with the name of each check as the check starts."""

    context: Context
    probes: Probes
    report: Progress

    async def examine(self) -> list[Finding]:
        """Returns all findings, in the order in which someone would fix them. It runs independent
        checks concurrently."""
        context, probes = self.context, self.probes
        url, new_id = context.settings.notification_url, context.new_id
        found = await asyncio.gather(
            self._try(TOKEN, self._token()),
            self._try(surroundings.CLOCK, surroundings.check_clock(probes)),
            self._try(surroundings.STORE, surroundings.check_store(context)),
            self._try(surroundings.APP, surroundings.check_app(context)),
            *(
                self._try(surroundings.QUEUE, surroundings.check_queue(probes, queue))
                for queue in surroundings.CHECKED_QUEUES
            ),
            self._try(surroundings.WEBHOOK, surroundings.check_webhook(probes, url, new_id)),
            self._try(destinations.CHECK, destinations.check_destinations(context)),
            *(
                self._try(door.CHECK, door.check_door(probes, context.settings, path))
                for path in door.PROBED_PATHS
            ),
            *(self._target(target) for target in context.targets.values()),
        )
        secret = surroundings.check_secret(
            has_one=context.settings.client_state_secret is not None,
            has_previous=context.settings.client_state_secret_previous is not None,
        )
        return [
            *secret,
            *door.check_registration(context.settings),
            *chain.from_iterable(found),
            *await self._twice(),
        ]

    async def _twice(self) -> list[Finding]:
        """Finds targets that name the same app by different keys."""
        named: dict[str, list[str]] = {}
        for target in self.context.targets.values():
            with suppress(PermanentError, TemporaryError):  # its own check reports the error
                principal = await service_principal(self.context.directory, target)
                named.setdefault(str(principal["id"]), []).append(target.name)
        return [
            problem(
                TARGET,
                f"{' and '.join(names)} are one app ({principal}): Hasten finds the changes of "
                "each of its jobs for the first of them that makes calls",
                "move their settings to one of them, and take the others out of targets.yaml",
            )
            for principal, names in named.items()
            if len(names) > 1
        ]

    async def _try(self, check: str, checking: Awaitable[list[Finding]]) -> list[Finding]:
        self.report(check)
        try:
            return await checking
        except (PermanentError, TemporaryError) as error:
            return [_failed(check, error)]

    async def _token(self) -> list[Finding]:
        token = await self.probes.token()
        return [
            _of_tenant(token, self.context.settings.tenant),
            *permissions.check(token, self.context.targets.values()),
        ]

    async def _target(self, target: Target) -> list[Finding]:
        self.report(f"{TARGET} {target.name}")
        try:
            principal = await service_principal(self.context.directory, target)
        except (PermanentError, TemporaryError) as error:
            return [replace(_failed(TARGET, error), target=target.name)]
        object_id = str(principal["id"])
        findings = [
            *await self._try(surroundings.STOP, surroundings.check_stop(self.context, target.name)),
            ok(TARGET, f"found: {object_id}"),
            *await self._try(job.JOB, self._job(object_id, target)),
            *await self._try(scope.CHECK, scope.check(self.context.directory, object_id)),
            *groups.check_roles(principal, target),
            *await self._try(CHANGES, self._changes(target)),
            *await self._application(object_id, target),
            *await self._try(groups.ASSIGNED, self._groups(object_id, target)),
        ]
        return [replace(finding, target=target.name) for finding in findings]

    async def _job(self, principal: str, target: Target) -> list[Finding]:
        found = await job.load(self.context.directory, principal, target.job)
        rules = job.check_rules(found, target)
        findings = [*job.check_state(found, self.context.now()), *rules]
        if any(finding.level is not Level.OK for finding in rules):
            return findings
        for kind in job.kinds(target):
            rule = choose_rule(found.rules, kind, target.rule) or ""
            findings += flows.check_actions(found.rules, rule, kind)
        rule = choose_rule(found.rules, "User", target.rule) or ""
        findings += flows.check_active(found.rules, rule)
        if target.scim is not None:
            findings.append(application.check_match(found.rules, rule, target.scim.match))
        if target.users:
            findings += mapping.check_watched(found.rules, rule)
        return [*findings, *mapping.check(found.rules, rule, target.expect_mapping)]

    async def _changes(self, target: Target) -> list[Finding]:
        rows, now = await self.context.ledger.open_changes(target.name), self.context.now()
        found = stuck.problems(rows, now)
        known = await discovered.load(self.context.store, target.name)
        if known is not None and known.deleted:
            job = await self.context.directory.job(known.service_principal, known.job)
            found += stuck.deleted_groups(known.deleted, cycle.parse(job, now), now)
        seen = (await job_seen.load_all(self.context.store)).get(target.name, JobSeen())
        found += unread_target.problems(seen, now)
        unproven = await self.context.ledger.unproven_changes(target.name)
        found += cycle_waits.problems(unproven, now)
        found += policy_left_out.problems(
            await left_out_records.load(self.context.store, target.name)
        )
        if not found:
            return [ok(CHANGES, f"{len(rows)} are open, none of them stuck")]
        return [problem(CHANGES, one.found, one.fix) for one in found]

    async def _application(self, principal: str, target: Target) -> list[Finding]:
        if target.scim is None:
            return []
        return await self._try(application.CHECK, self._accounts(principal, target, target.scim))

    async def _accounts(self, principal: str, target: Target, scim: Scim) -> list[Finding]:
        if scim.match is None:
            found = await job.load(self.context.directory, principal, target.job)
            known = job_match(found.rules, choose_rule(found.rules, "User", target.rule))
            if known.problem:
                return []  # the check of the job reports it
            scim = scim.matched(known)
        return await application.check(self.context, scim, principal)

    async def _groups(self, principal: str, target: Target) -> list[Finding]:
        assignments = await self.context.directory.assignments(principal)
        findings, assigned = groups.check_assigned(assignments), groups.assigned(assignments)
        for group in assigned:
            findings += await self._try(
                groups.MEMBERS, groups.check_group(self.context.directory, self.probes, group)
            )
        for policy in target.groups:
            findings += await self._try(
                policy_groups.CHECK,
                policy_groups.check_policy(self.context, target, policy, assigned),
            )
        known = await discovered.load(self.context.store, target.name)
        watched = {*assigned, *(known.sources if known else ())}
        findings += await self._try(subscriptions.CHECK, self._subscriptions(watched, target))
        return findings

    async def _subscriptions(self, assigned: Iterable[str], target: Target) -> list[Finding]:
        return subscriptions.check(
            list(assigned),
            await self.context.directory.subscriptions(),
            await records.load_all(self.context.store),
            Expected(
                url=self.context.settings.notification_url,
                state=_mark(self.context.settings),
                now=self.context.now(),
            ),
            people=target.users,
            refusal=await people_refusal.load(self.context.store) if target.users else None,
        )


def _of_tenant(token: Token, tenant: str) -> Finding:
    if token.tenant not in {"", tenant}:
        return problem(
            TOKEN,
            f"it is of tenant {token.tenant}, but HASTEN_TENANT_ID is {tenant}: notifications of "
            "the former are refused",
            "correct HASTEN_TENANT_ID, or sign in to the tenant that it names",
        )
    return ok(TOKEN, "Microsoft Graph gave one")


def _mark(settings: Settings) -> str | None:
    return records.mark(settings.client_state) if settings.client_state_secret else None


def _failed(check: str, error: PermanentError | TemporaryError) -> Finding:
    if isinstance(error, NotSetError):
        return warning(
            check,
            f"{error.name} is not set here: what needs it is not checked here",
            "set it here as well to have that checked, or look for `app_revocation not_usable` in "
            "the log: the app emits it if the vault has no such secret",
        )
    if isinstance(error, PermanentError | NoTokenError):
        return problem(check, error.reason, error.next_action)
    return problem(
        check, error.reason, f"try again; if it stays, check {LOOK_AT.get(check, GRAPH)}"
    )

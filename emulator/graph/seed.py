"""Creates the tenant's initial state: invented users, TOTAL with its two groups, and some objects
that could be confused with it. The same seed gives the same names and ids."""

import uuid
from collections.abc import Sequence
from random import Random

from emulator.engine.job import Job
from emulator.graph.objects import Entity, Json
from emulator.graph.tenant import Tenant

NAMESPACE = uuid.UUID("b2b0f0a6-3f0e-4f2e-9d6e-6c5f1f2f3a4b")
DOMAIN = "contoso.example"
ADMINS, ENGINEERS = 5, 200
OVERLAPPING = 2
"""Number of users from which the members of each further group are drawn, as a multiple of its
size."""

MEMBERS_OF_MORE_TARGETS = 10
A_DAY = 24 * 3600.0

FIRST_NAMES = (
    "Ada Amir Anneli Bao Carmen Chidi Dana Elif Emil Farah Goran Hana Idris Ines Jonas Kaya Leila "
    "Linus Mateo Mina Nadia Noor Oskar Petra Quentin Rosa Samir Sofia Tomas Uma Viktor Wanda Yusuf"
)
LAST_NAMES = (
    "Abadi Berg Castillo Dufour Eriksen Fischer Georgiou Haddad Ivanov Jansen Kovacs Lindqvist "
    "Moreau Nakamura Okafor Petrov Quist Rossi Silva Tanaka Ueda Varga Weiss Xu Yilmaz Zeman"
)
JOBS = ("Engineer", "Analyst", "Designer", "Manager", "Technician", None)
DEPARTMENTS = ("Engineering", "Finance", "Operations", "Research", "Sales", None)


def object_id(name: str) -> str:
    """Returns the id of a seeded object, the same in every run."""
    return str(uuid.uuid5(NAMESPACE, name))


TOTAL = object_id("servicePrincipal/TOTAL")
TOTAL_ADMIN = object_id("group/TOTAL-Admin")
TOTAL_ENGINEERING = object_id("group/TOTAL-Engineering")
TOTAL_ROLE = object_id("appRole/TOTAL/User")


def seed(tenant: Tenant) -> None:
    """Creates everything a day old, so that a lagging replica shows it, with the apps in step."""
    directory = tenant.directory
    yesterday = tenant.clock.time() - A_DAY
    directory.now = lambda: yesterday
    try:
        users = _users(tenant, 1, tenant.options.users)
        _total(tenant, users)
        _others(tenant, users)
        _more_groups(tenant, *tenant.options.more_groups)
        _more_targets(tenant, tenant.options.more_targets, users)
    finally:
        directory.now = tenant.clock.time
    for target in tenant.targets.values():
        target.put_in_step()


def _users(tenant: Tenant, first: int, count: int) -> list[Entity]:
    """Returns `count` users, numbered from `first` on."""
    random = Random(tenant.options.seed + first - 1)
    return [
        tenant.directory.create_user(_person(random, number), object_id(f"user/{number}"))
        for number in range(first, first + count)
    ]


def _person(random: Random, number: int) -> Json:
    first, last = random.choice(FIRST_NAMES.split()), random.choice(LAST_NAMES.split())
    name = f"{first}.{last}{number}".lower()
    return {
        "displayName": f"{first} {last}",
        "givenName": first,
        "surname": last,
        "userPrincipalName": f"{name}@{DOMAIN}",
        "mail": f"{name}@{DOMAIN}",
        "mailNickname": name,
        "employeeId": f"E{number:05}",
        "jobTitle": random.choice(JOBS),
        "department": random.choice(DEPARTMENTS),
        "userType": "Member",
    }


def _total(tenant: Tenant, users: Sequence[Entity]) -> None:
    app = _app(tenant, "TOTAL", roles=True)
    admins = _group(tenant, "TOTAL-Admin", users[:ADMINS])
    engineers = _group(tenant, "TOTAL-Engineering", users[ADMINS : ADMINS + ENGINEERS])
    for group in (admins, engineers):
        tenant.assignments.add(group, app, TOTAL_ROLE)


def _others(tenant: Tenant, users: Sequence[Entity]) -> None:
    """Creates another app that is provisioned, an app that is not, and an unassigned group."""
    other = _app(tenant, "TruU TOTAL - Log Analytics Reader", roles=True)
    readers = _group(tenant, "Log-Readers", users[:3])
    tenant.assignments.add(readers, other, str(other.properties["appRoles"][0]["id"]))
    tenant.directory.create_service_principal(
        {**_principal("TruU"), "appRoles": []}, object_id("servicePrincipal/TruU")
    )
    _group(tenant, "All-Staff", users)


def _more_groups(tenant: Tenant, count: int, size: int) -> None:
    """Creates TOTAL-Group-1 and so on. Each user is in several, as in real tenants."""
    if not count:
        return
    app = tenant.directory.service_principals[TOTAL]
    pool = _users(tenant, tenant.options.users + 1, OVERLAPPING * size)
    random = Random(tenant.options.seed)
    for number in range(1, count + 1):
        group = _group(tenant, f"TOTAL-Group-{number}", random.sample(pool, size))
        tenant.assignments.add(group, app, TOTAL_ROLE)


def _more_targets(tenant: Tenant, count: int, users: Sequence[Entity]) -> None:
    """Creates App-1 and so on, each with the group App-1-Users."""
    for number in range(1, count + 1):
        app = _app(tenant, f"App-{number}", roles=True)
        group = _group(tenant, f"App-{number}-Users", users[:MEMBERS_OF_MORE_TARGETS])
        tenant.assignments.add(group, app, str(app.properties["appRoles"][0]["id"]))


def _app(tenant: Tenant, name: str, *, roles: bool) -> Entity:
    role = {
        "allowedMemberTypes": ["User"],
        "description": "User",
        "displayName": "User",
        "id": object_id(f"appRole/{name}/User"),
        "isEnabled": True,
        "origin": "Application",
        "value": None,
    }
    app = tenant.directory.create_service_principal(
        {**_principal(name), "appRoles": [role] if roles else []},
        object_id(f"servicePrincipal/{name}"),
    )
    digits = tenant.id.replace("-", "")
    job = Job(
        id=f"scim.{digits}.{object_id(f'job/{name}')}",
        rule=f"{object_id(f'rule/{name}')}#V2",
        inbound_rule=object_id(f"inbound rule/{name}"),
        has_groups=name not in tenant.options.users_alone,
    )
    tenant.add_target(app, job)
    return app


def _principal(name: str) -> Json:
    return {
        "accountEnabled": True,
        "appDisplayName": name,
        "appId": object_id(f"application/{name}"),
        "displayName": name,
        "servicePrincipalType": "Application",
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
    }


def _group(tenant: Tenant, name: str, members: Sequence[Entity]) -> Entity:
    properties = {"displayName": name, "mailNickname": name.lower(), "securityEnabled": True}
    ids = [member.id for member in members]
    return tenant.directory.create_group(properties, ids, object_id(f"group/{name}"))

"""Checks that the job's mappings allow a revocation: the target object actions, and `active`.

What each of them does is documented (Graph, objectMapping and attributeMapping; Entra, how
provisioning works); that an app without `active` keeps leavers active is unconfirmed.
"""

from collections.abc import Sequence

from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.json import Json

ACTIONS_CHECK, ACTIVE_CHECK = "target object actions", "active mapping"
MAPPINGS = "in Provisioning > Mappings of the enterprise application in the Entra portal"
SOFT_DELETED = "issoftdeleted"
ONLY_AT_CREATION = "objectaddonly"

LOST_WITHOUT = {
    ("User", "Add"): "no joiner gets an account",
    ("User", "Update"): "an account that exists is neither changed nor disabled",
    ("User", "Delete"): "people who leave keep their accounts",
    ("Group", "Add"): "no group gets into the app",
    ("Group", "Update"): "nobody joins or leaves a group in the app",
    ("Group", "Delete"): "a group that is unassigned or deleted stays in the app with its members",
}


def check_actions(rules: Sequence[Json], rule: str, kind: str) -> list[Finding]:
    """Checks the target object actions. `kind` is "User" or "Group"; `rule` is the id of the rule
    that provisions it."""
    return [
        finding for mapping in _mappings(rules, rule, kind) for finding in _judged(mapping, kind)
    ]


def check_active(rules: Sequence[Json], rule: str) -> list[Finding]:
    """Checks that the mappings can disable an account. Entra does so through `active`, which comes
    from IsSoftDeleted."""
    mapped = [
        attribute
        for mapping in _mappings(rules, rule, "User")
        for attribute in mapping.get("attributeMappings") or ()
        if _is_active(attribute)
    ]
    if not mapped:
        return [
            problem(
                ACTIVE_CHECK,
                "active is not mapped: Entra cannot disable the account of somebody who leaves",
                'map Switch([IsSoftDeleted], , "False", "True", "True", "False") to active '
                f"{MAPPINGS}",
            )
        ]
    if any(str(one.get("flowType")).casefold() == ONLY_AT_CREATION for one in mapped):
        return [
            problem(
                ACTIVE_CHECK,
                "active is written only when an account is created: nobody is ever disabled",
                f"let active apply always {MAPPINGS}",
            )
        ]
    if not any(SOFT_DELETED in _expression(one).casefold() for one in mapped):
        return [
            warning(
                ACTIVE_CHECK,
                f"active comes from {_expression(mapped[0]) or 'nothing'}, without IsSoftDeleted: "
                "whether Entra disables somebody who leaves is unconfirmed",
                f'map Switch([IsSoftDeleted], , "False", "True", "True", "False") to it {MAPPINGS}',
            )
        ]
    return [ok(ACTIVE_CHECK, "active comes from IsSoftDeleted")]


def _judged(mapping: Json, kind: str) -> list[Finding]:
    shown = mapping.get("flowTypes")
    if not shown:
        return [
            warning(
                ACTIONS_CHECK,
                f"Graph does not show those of {kind}s",
                f"check by hand that Create, Update and Delete are ticked for {kind}s {MAPPINGS}",
            )
        ]
    actions = {action.strip().casefold() for action in str(shown).split(",")}
    missing = [
        action for of, action in LOST_WITHOUT if of == kind and action.casefold() not in actions
    ]
    if not missing:
        return [ok(ACTIONS_CHECK, f"of {kind}s: {shown}")]
    return [_missing(kind, action) for action in missing]


def _missing(kind: str, action: str) -> Finding:
    judge = warning if (kind, action) == ("Group", "Delete") else problem
    ticked = "Create" if action == "Add" else action
    return judge(
        ACTIONS_CHECK,
        f"{ticked} is not among those of {kind}s: {LOST_WITHOUT[kind, action]}",
        f"tick {ticked} under Target Object Actions of the {kind} mapping, {MAPPINGS}",
    )


def _mappings(rules: Sequence[Json], rule: str, kind: str) -> list[Json]:
    return [
        mapping
        for one in rules
        if one.get("id") == rule
        for mapping in one.get("objectMappings") or ()
        if mapping.get("sourceObjectName") == kind and mapping.get("enabled") is not False
    ]


def _is_active(attribute: Json) -> bool:
    """Returns True for the attribute `active`, by its SCIM name or by what disables accounts under
    another name."""
    is_named = str(attribute.get("targetAttributeName")).casefold() == "active"
    return is_named or SOFT_DELETED in _expression(attribute).casefold()


def _expression(attribute: Json) -> str:
    source = attribute.get("source") or {}
    return str(source.get("expression") or source.get("name") or "")

"""Emulates dynamic groups, whose members follow from a rule over the properties of users."""

import re
from dataclasses import dataclass

from emulator.graph.errors import bad_request
from emulator.graph.objects import Entity, Json

_RULE = re.compile(
    r"\s*(?P<open>\()?\s*user\.(?P<name>\w+)\s+-eq\s+"
    r"(?P<quote>[\"'])(?P<value>[^\"']*)(?P=quote)\s*(?(open)\))\s*",
    re.IGNORECASE,
)
PROPERTIES = {name.lower(): name for name in ("department", "jobTitle")}


@dataclass(frozen=True)
class Rule:
    """A rule of the simple form `(user.department -eq "Finance")`; Entra ignores case."""

    name: str
    value: str

    def fits(self, user: Entity) -> bool:
        return str(user.properties.get(self.name) or "").casefold() == self.value.casefold()


def rule_of(properties: Json) -> Rule | None:
    """Returns the rule that keeps the group's members, or None if there is none or it is paused.

    Raises GraphError 400 for a dynamic group whose rule is missing or not of the simple form.
    """
    if "DynamicMembership" not in (properties.get("groupTypes") or ()):
        return None
    match = _RULE.fullmatch(str(properties.get("membershipRule") or ""))
    if match is None or match["name"].lower() not in PROPERTIES:
        raise bad_request("Invalid value specified for property 'membershipRule'.")
    if str(properties.get("membershipRuleProcessingState")).lower() != "on":
        return None
    return Rule(PROPERTIES[match["name"].lower()], match["value"])

"""Decides what a provisioning configuration lets Entra do to an account."""

from emulator.engine.scope import Entitlement
from emulator.entra.behaviours import EntraBehaviours


def may_update(behaviours: EntraBehaviours) -> bool:
    """Returns whether an existing account may get another profile, or become active again."""
    return not behaviours.no_update_flow


def may_delete(behaviours: EntraBehaviours) -> bool:
    return not behaviours.no_delete_flow


def may_disable(behaviours: EntraBehaviours, entitled: Entitlement) -> bool:
    """Returns whether an account may be disabled. Disabling is an update of `active` and also
    counts as deprovisioning."""
    if behaviours.no_update_flow or behaviours.no_delete_flow or behaviours.no_active_mapping:
        return False
    return entitled.in_scope or not behaviours.skip_out_of_scope


def flow_types(behaviours: EntraBehaviours) -> str:
    """Returns the target object actions of the users' mapping, as its schema lists them."""
    ticked = {"Add": True, "Update": may_update(behaviours), "Delete": may_delete(behaviours)}
    return ",".join(action for action, is_ticked in ticked.items() if is_ticked)

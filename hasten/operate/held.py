"""Chooses the held changes of a target by the groups and users that an operator names, or by their
keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change
from hasten.domain.intents import Intent
from hasten.errors import PermanentError
from hasten.object_ids import is_object_id
from hasten.operate.explain import find_person
from hasten.operate.release import held_changes
from hasten.operate.release_intents import held_intents


@dataclass(frozen=True, slots=True)
class ChosenChanges:
    """The chosen changes that wait for a call, and the chosen revocations that events want in Entra
    ID."""

    changes: Sequence[Change]
    intents: Sequence[Intent]

    def __len__(self) -> int:
        return len(self.changes) + len(self.intents)

    @property
    def groups(self) -> frozenset[str]:
        return frozenset({c.group for c in self.changes} | {i.group for i in self.intents})

    @property
    def users(self) -> frozenset[str]:
        return frozenset({c.user for c in self.changes} | {i.user for i in self.intents})


def key_of(held: Change | Intent) -> str:
    """Names a held change within its target."""
    if isinstance(held, Change):
        return f"change|{held.group}|{held.user}"
    return f"intent|{held.key}"


def keys_of(chosen: ChosenChanges) -> Sequence[str]:
    return [*map(key_of, chosen.changes), *map(key_of, chosen.intents)]


def only(chosen: ChosenChanges, keys: Collection[str]) -> ChosenChanges:
    """Returns the changes with these keys."""
    return ChosenChanges(
        [change for change in chosen.changes if key_of(change) in keys],
        [intent for intent in chosen.intents if key_of(intent) in keys],
    )


async def choose_held(
    context: Context, target: str, *, groups: Sequence[str], users: Sequence[str]
) -> ChosenChanges:
    """Returns what is held. `groups` are object ids, display names, `direct` or `person`; `users`
    are object ids, UPNs, mails or employeeIds. An empty collection means all.

    Raises PermanentError if a named group or user does not exist, or has nothing held, because it
    is probably mistyped. Raises TemporaryError.
    """
    everything = await _held(context, target, groups=(), users=())
    chosen_groups = {await _group(context, everything, target, given) for given in groups}
    chosen_users = {await _user(context, everything, target, given) for given in users}
    return await _held(context, target, groups=chosen_groups, users=chosen_users)


async def not_held(context: Context, target: str, chosen: ChosenChanges) -> ChosenChanges:
    """Returns those of `chosen` that wait for no operator any more. Raises TemporaryError."""
    now = await _held(context, target, groups=chosen.groups, users=chosen.users)
    return only(chosen, set(keys_of(chosen)).difference(keys_of(now)))


async def _held(
    context: Context, target: str, *, groups: Collection[str], users: Collection[str]
) -> ChosenChanges:
    return ChosenChanges(
        await held_changes(context, target, groups=groups, users=users),
        await held_intents(context, target, groups=groups, users=users),
    )


async def _group(context: Context, held: ChosenChanges, target: str, given: str) -> str:
    if given.casefold() in {DIRECT, OWN_ACCOUNT} or is_object_id(given):
        found = {given.lower()}
    else:
        found = {str(g["id"]).lower() for g in await context.directory.groups_named(given)}
        if not found:
            raise PermanentError(f"no group is called {given}", "name the group by object id")
    of_these = found & held.groups
    if len(of_these) == 1:
        return of_these.pop()
    if of_these:
        ids = ", ".join(sorted(of_these))
        raise PermanentError(f"{len(of_these)} groups are called {given}: {ids}", "name one by id")
    raise _nothing(f"group {given}", target, held.groups)


async def _user(context: Context, held: ChosenChanges, target: str, given: str) -> str:
    user = await find_person(context, given)
    if user not in held.users:
        raise _nothing(f"user {user}", target, held.users)
    return user


def _nothing(of: str, target: str, there: Collection[str]) -> PermanentError:
    shown = ", ".join(sorted(there)[:5]) + (" …" if len(there) > 5 else "")  # noqa: PLR2004
    return PermanentError(
        f"nothing of {of} is held by {target}",
        f"name one of those held: {shown}" if there else "the target has no held changes",
    )

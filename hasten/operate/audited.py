"""Writes an operator's action to the history: who does what and why before Hasten acts, and the
result afterwards."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hasten.context import Context
from hasten.domain.changes import Cause, Change
from hasten.domain.history import (
    BEGUN,
    DONE,
    FAILED,
    LEFT,
    PROPOSED,
    Entry,
    EntryKind,
    entry_id,
    short,
)
from hasten.domain.intents import THE_GROUP, Intent
from hasten.errors import Conflict, PermanentError, TemporaryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Names whom or what an action is about. `user` and `group` are object ids, or references as an
    event names them, which no index finds."""

    target: str = ""
    user: str = ""
    group: str = ""
    action: str = ""
    causes: tuple[Cause, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, ...]:
        """Distinguishes the subjects of one action."""
        return (self.target, self.user, self.group, self.action, *self.details.values())


@dataclass(slots=True)
class Audit:
    """An operator's action, and the results for its subjects."""

    context: Context
    kind: EntryKind
    by: str
    why: str
    named: str
    number: str
    done: list[Subject] = field(default_factory=list)
    """Subjects for which the action was carried out."""

    proposed: list[Subject] = field(default_factory=list)
    """Subjects that wait for the agreement of a second operator."""

    def begins(self, subjects: Sequence[Subject]) -> list[Entry]:
        return [self._entry(subject, BEGUN, "") for subject in subjects]

    def ends(self, subjects: Sequence[Subject], others: str, reason: str) -> list[Entry]:
        """Returns the result of each subject; `others` is the result of those that are neither done
        nor proposed."""
        results = {subject.key: PROPOSED for subject in self.proposed}
        results |= {subject.key: DONE for subject in self.done}
        said = [(subject, results.get(subject.key, others)) for subject in subjects]
        return [
            self._entry(subject, result, reason if result == others else "")
            for subject, result in said
        ]

    def _entry(self, subject: Subject, result: str, reason: str) -> Entry:
        named = {"named": short(self.named)} if self.named else {}
        return Entry(
            id=entry_id(self.number, self.kind, result, *subject.key),
            at=self.context.now(),
            kind=self.kind,
            target=subject.target,
            user=subject.user,
            group=subject.group,
            action=subject.action,
            result=result,
            reason=short(reason),
            causes=subject.causes,
            by=short(self.by),
            why=short(self.why),
            details={**subject.details, **named, "decision": self.number},
        )


@asynccontextmanager
async def audited(
    context: Context,
    kind: EntryKind,
    subjects: Sequence[Subject],
    *,
    by: str,
    why: str,
    named: str = "",
) -> AsyncIterator[Audit]:
    """Wraps an action. `by` is the person whom Hasten identified, and `named` is the name that the
    operator gave in addition. The action adds the subjects that it has handled to `done`.

    If the first entries cannot be written, nothing is done. Raises TemporaryError and
    PermanentError of the store.
    """
    audit = Audit(context, kind, by, why, named, context.new_id())
    await context.history.append(audit.begins(subjects))
    try:
        yield audit
    except (PermanentError, TemporaryError) as error:
        await context.history.append(audit.ends(subjects, FAILED, error.reason))
        raise
    except Conflict as error:
        await context.history.append(audit.ends(subjects, FAILED, str(error)))
        raise
    await context.history.append(audit.ends(subjects, LEFT, ""))


async def noted(context: Context, kind: EntryKind, subjects: Sequence[Subject], *, by: str) -> None:
    """Writes what was done. Raises TemporaryError and PermanentError of the store."""
    audit = Audit(context, kind, by, "", "", context.new_id())
    await context.history.append(audit.ends(subjects, DONE, ""))


def subject_of(held: Change | Intent) -> Subject:
    if isinstance(held, Change):
        return Subject(
            target=held.target,
            user=held.user,
            group=held.group,
            action=held.action,
            causes=held.causes,
        )
    user = "" if held.user == THE_GROUP else held.user
    return Subject(
        target=held.target, user=user, group=held.group, action=held.wanted, causes=(held.cause,)
    )

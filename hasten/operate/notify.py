"""Sends people messages about entries of the history. It reads sealed entries only, so it delays no
change. After a crash a message may come twice, but none is lost."""

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from hasten.context import Context
from hasten.destinations import Destination
from hasten.domain.digest import Digest
from hasten.domain.notices import Notice, notice, trial
from hasten.domain.outcomes import of_alert
from hasten.error_collector import ErrorCollector
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.object_ids import is_object_id
from hasten.records import destinations
from hasten.records.destinations import Progress
from hasten.telemetry.operate import NoticeFailed, NoticeParked, NoticePosted

SEALS_AT_ONCE = 10
MAX_READS_PER_RUN = 20
"""Maximum number of reads of one run for one destination: 20,000 entries. The next message goes on
from there."""

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
PARKED_AFTER = timedelta(hours=6)
"""A destination that fails for so long is parked. Hasten tries it once an hour from then on."""

PARKED_AT_ONCE_AFTER = 3
"""Number of failed tries after which Hasten parks a destination that only an operator can mend."""

PARKED = "destination_parked"


async def notify(context: Context) -> None:
    """Serves every destination, side by side: a slow one delays no other.

    Raises TemporaryError and PermanentError of the store.
    """
    if not context.destinations:
        return
    known = await destinations.load_all(context.store)
    head = (await context.seals.head()).number
    errors = ErrorCollector()

    async def serve(destination: Destination) -> None:
        with errors.collect_any():
            progress = known.get(destination.name)
            if progress is None:
                first = Progress(name=destination.name, cursor=head, due_at=context.now())
                with suppress(Conflict):  # it cannot be read, or another instance wrote it
                    await destinations.save(context.store, first)
            elif progress.wants_trial:
                await _try(context, destination, progress)
            elif progress.due_at <= context.now() and progress.cursor < head:
                await _serve(context, destination, progress)

    await asyncio.gather(*map(serve, context.destinations))
    errors.raise_worst()


async def _serve(context: Context, destination: Destination, progress: Progress) -> None:
    digest = Digest(destination.send, frozenset(destination.targets))
    cursor = progress.cursor
    for _ in range(MAX_READS_PER_RUN):
        batch = await context.seals.since(cursor, SEALS_AT_ONCE)
        digest.add(batch.entries)
        if batch.cursor == cursor:
            break
        cursor = batch.cursor
    if not digest.count:
        await destinations.save(context.store, replace(progress, cursor=cursor))
        return
    names = await _names(context, digest) if destination.names else {}
    key = hashlib.sha256(f"{destination.name}|{progress.cursor}|{cursor}".encode()).hexdigest()
    message = notice(digest, notice_id=key[:32], pages=context.pages_url, names=names)
    try:
        await context.ports.notifier.post(destination, message)
    except (TemporaryError, PermanentError) as error:
        await _failed(context, destination, progress, error)
    else:
        await _posted(context, destination, progress, message, cursor)


async def _try(context: Context, destination: Destination, progress: Progress) -> None:
    """Posts the test message that an operator asked for. What waits follows a minute later."""
    now = context.now()
    asked = replace(progress, wants_trial=False)
    message = trial(notice_id=context.new_id(), pages=context.pages_url, now=now)
    try:
        await context.ports.notifier.post(destination, message)
    except (TemporaryError, PermanentError) as error:
        await _failed(context, destination, asked, error)
    else:
        await _posted(context, destination, replace(asked, due_at=now), message, asked.cursor)


async def _posted(
    context: Context, destination: Destination, progress: Progress, message: Notice, cursor: int
) -> None:
    due_at = context.now() + timedelta(minutes=destination.minutes)
    sent = Progress(name=progress.name, cursor=cursor, due_at=due_at, etag=progress.etag)
    await destinations.save(context.store, sent)
    context.emit(
        NoticePosted(
            result="recovered" if progress.is_parked else "posted",
            destination=destination.name,
            entries=message.count,
        )
    )


async def _failed(
    context: Context,
    destination: Destination,
    progress: Progress,
    error: TemporaryError | PermanentError,
) -> None:
    now, tries = context.now(), progress.tries + 1
    since = progress.failing_since or now
    is_permanent = isinstance(error, PermanentError) and tries >= PARKED_AT_ONCE_AFTER
    is_parked = progress.is_parked or is_permanent or now - since >= PARKED_AFTER
    pause = min(FIRST_PAUSE * 2 ** min(progress.tries, 10), LONGEST_PAUSE)
    asked = error.delay if isinstance(error, TemporaryError) else timedelta()
    action = error.next_action if isinstance(error, PermanentError) else ""
    if is_parked and not progress.is_parked:
        await _alert(context, destination, since.isoformat(), error.reason, action)
    failed = replace(
        progress,
        due_at=now + (LONGEST_PAUSE if is_parked else max(pause, min(asked, LONGEST_PAUSE))),
        tries=tries,
        failing_since=since,
        reason=error.reason,
        is_parked=is_parked,
    )
    await destinations.save(context.store, failed)
    name, reason = destination.name, error.reason
    if is_parked:
        context.emit(NoticeParked(destination=name, tries=tries, reason=reason, next_action=action))
    else:
        context.emit(NoticeFailed(destination=name, tries=tries, reason=reason))


async def _alert(
    context: Context, destination: Destination, key: str, reason: str, action: str
) -> None:
    """Publishes the alert that a destination is parked; the other destinations get it."""
    alert = of_alert(
        PARKED,
        target="",
        group="",
        reason=f"{destination.name}: {reason}",
        next_action=action or "check the address and the service behind it; Hasten tries each hour",
        key=f"{destination.name}|{key}",
        now=context.now(),
    )
    await context.outbox.publish([alert])


async def _names(context: Context, digest: Digest) -> Mapping[str, str]:
    """Returns the names of the people and groups that the message shows. What cannot be read stays
    an id: a message must not wait for Graph."""
    shown = digest.shown()
    users = {user for group in shown for user in group.users if is_object_id(user)}
    groups = {g.first.group for g in shown if g.count == 1 and is_object_id(g.first.group)}
    names: dict[str, str] = {}
    try:
        for user in sorted(users):
            profile = await context.directory.profile(user, ["displayName"])
            names[user] = str(profile.values.get("displayName") or "") if profile else ""
        for group in sorted(groups):
            found = await context.directory.group(group)
            names[group] = str(found["displayName"]) if found else ""
    except (TemporaryError, PermanentError):
        return names
    return names

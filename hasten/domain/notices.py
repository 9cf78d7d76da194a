"""Writes the text of a message to people. It holds object ids; a name only where one is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from hasten.domain.changes import DIRECT, OWN_ACCOUNT
from hasten.domain.digest import Digest, Group, Weight
from hasten.domain.redaction import EMAIL_ADDRESS
from hasten.object_ids import is_object_id

NOTICE_TEXT_MAX_CHARS = 400
"""Characters of a reason or a next action. Ten groups then stay far below the 28 KB that Teams
takes."""

WORDS = {
    "alert": ("alert", "alerts"),
    "failure": ("failure", "failures"),
    "note": ("other outcome", "other outcomes"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One group of entries. `reason` and `next_action` are those of its first entry."""

    weight: Weight
    text: str
    people: str
    reason: str
    next_action: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message. `id` differs for every message; `count` is the number of entries behind it."""

    id: str
    title: str
    period: str
    lines: tuple[Line, ...]
    left_out: str
    count: int
    link: str

    @property
    def is_alert(self) -> bool:
        return any(line.weight is Weight.ALERT for line in self.lines)


def notice(
    digest: Digest, *, notice_id: str, pages: str, names: Mapping[str, str] | None = None
) -> Notice:
    """Returns the message about a digest that is not empty. `pages` is the address of the pages,
    "" where they are closed. `names` has the names of people and groups by object id."""
    shown = digest.shown()
    rest = digest.count - sum(group.count for group in shown)
    return Notice(
        id=notice_id,
        title=_title(digest),
        period=_period(digest.since, digest.until),
        lines=tuple(_line(group, pages, names or {}) for group in shown),
        left_out=f"and {rest} more" if rest else "",
        count=digest.count,
        link=f"{pages}/" if pages else "",
    )


def trial(*, notice_id: str, pages: str, now: datetime) -> Notice:
    """Returns a message by which an operator tries a destination."""
    return Notice(
        id=notice_id,
        title="Hasten: a test message",
        period=_period(now, now),
        lines=(),
        left_out="",
        count=0,
        link=f"{pages}/" if pages else "",
    )


def _title(digest: Digest) -> str:
    numbers = [
        f"{number} {WORDS[matters][number != 1]}"
        for matters in Weight
        if (number := digest.number_of(matters))
    ]
    return f"Hasten: {', '.join(numbers)}"


def _line(group: Group, pages: str, names: Mapping[str, str]) -> Line:
    entry = group.first
    what = " ".join(part for part in (entry.action, _plain(entry.result)) if part)
    where = [f"in {entry.target}"] if entry.target else []
    if group.count == 1 and entry.group not in {"", DIRECT, OWN_ACCOUNT}:
        where.append(f"through the group {_named(entry.group, names)}")
    kind = "" if entry.kind in {"outcome", "alert"} else f"{_plain(entry.kind)}: "
    number = f"{group.count}: " if group.count > 1 else ""
    return Line(
        weight=group.weight,
        text=" ".join([f"{number}{kind}{what}", *where]),
        people=_people(group, names),
        reason=_free(entry.reason),
        next_action=_free(entry.next_action),
        link=_link(group, pages),
    )


def _people(group: Group, names: Mapping[str, str]) -> str:
    named = [_named(user, names) for user in group.users]
    return ", ".join([*named, *([f"and {group.more} more"] if group.more else [])])


def _named(object_id: str, names: Mapping[str, str]) -> str:
    name = names.get(object_id)
    return f"{name} ({object_id})" if name else object_id


def _link(group: Group, pages: str) -> str:
    if not pages:
        return ""
    if group.first.result == "held":
        return f"{pages}/held"
    if group.count == 1 and is_object_id(group.first.user):
        return f"{pages}/person/{quote(group.first.user)}"
    return f"{pages}/changes"


def _plain(word: str) -> str:
    return word.replace("_", " ")


def _free(text: str) -> str:
    """Returns a reason without addresses and within its length."""
    clean = EMAIL_ADDRESS.sub("…", " ".join(text.split()))
    return (
        clean if len(clean) <= NOTICE_TEXT_MAX_CHARS else clean[: NOTICE_TEXT_MAX_CHARS - 1] + "…"
    )


def _period(since: datetime | None, until: datetime | None) -> str:
    if since is None or until is None:
        return ""
    first, last = (f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" for at in (since, until))
    same_day = first[:10] == last[:10]
    return f"{first} UTC" if first == last else f"{first} to {last[11:] if same_day else last} UTC"

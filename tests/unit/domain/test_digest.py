"""What is worth a message to people, and how many facts become one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, OWN_ACCOUNT
from hasten.domain.digest import MOST_GROUPS_SHOWN, MOST_PEOPLE_NAMED, Digest, Send, Weight, weight
from hasten.domain.history import BEGUN, DONE, Entry, EntryKind
from hasten.domain.notices import notice, trial
from tests.support.world import ENGINEERING, TOTAL, user

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PAGES = "https://hasten.example/api/ui"


def entry(kind: EntryKind = EntryKind.OUTCOME, number: int = 1, **facts: Any) -> Entry:
    usual = {"target": TOTAL, "user": user(number), "action": "removed", "result": "confirmed"}
    return Entry(id=f"{number}", at=AT, kind=kind, **{**usual, **facts})


def failed(number: int = 1, **facts: Any) -> Entry:
    return entry(number=number, result="failed", **facts)


def alert(**facts: Any) -> Entry:
    return entry(EntryKind.ALERT, **{"action": "", "result": "revocation_overdue", **facts})


def digest(entries: Sequence[Entry], send: Send = Send.ALL, **about: Any) -> Digest:
    made = Digest(send, **about)
    made.add(entries)
    return made


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (alert(), Weight.ALERT),
        (failed(), Weight.FAILURE),
        (entry(result="rejected"), Weight.FAILURE),
        (entry(), Weight.NOTE),
        (entry(EntryKind.STOPPED, result=DONE), Weight.ALERT),
        (entry(EntryKind.STARTED, result=DONE), Weight.ALERT),
        (entry(EntryKind.RELEASED, result=DONE), Weight.NOTE),
        (entry(EntryKind.FOLLOWED_UP, result="given_up"), Weight.ALERT),
        (entry(EntryKind.FOLLOWED_UP, result="ended"), Weight.NOTE),
        (entry(EntryKind.STOPPED, result=BEGUN), None),
        (entry(EntryKind.ASKED, result="accepted"), None),
        (entry(EntryKind.FORGOTTEN), None),
    ],
)
def test_the_weight_of_an_entry(given: Entry, expected: Weight | None) -> None:
    assert weight(given) is expected


@pytest.mark.parametrize(("send", "count"), [(Send.ALERTS, 1), (Send.FAILURES, 2), (Send.ALL, 3)])
def test_a_destination_gets_what_it_asks_for_and_all_that_is_graver(send: Send, count: int) -> None:
    assert digest([alert(), failed(2), entry(number=3)], send).count == count


def test_a_storm_is_one_group_with_a_number_and_a_few_people() -> None:
    made = digest([failed(number) for number in range(1000)])

    [group] = made.shown()
    assert (group.count, len(group.users), group.more) == (
        1000,
        MOST_PEOPLE_NAMED,
        1000 - MOST_PEOPLE_NAMED,
    )
    said = notice(made, notice_id="1", pages=PAGES)
    assert said.title == "Hasten: 1000 failures"
    assert said.lines[0].text == f"1000: removed failed in {TOTAL}"
    assert said.lines[0].people.endswith("and 995 more")


def test_the_gravest_comes_first_and_what_is_not_shown_is_counted() -> None:
    many = [failed(action=f"a{number}") for number in range(MOST_GROUPS_SHOWN + 3)]

    said = notice(digest([*many, alert()]), notice_id="1", pages=PAGES)

    assert len(said.lines) == MOST_GROUPS_SHOWN
    assert said.lines[0].weight is Weight.ALERT
    assert said.left_out == "and 4 more"
    assert said.title == f"Hasten: 1 alert, {MOST_GROUPS_SHOWN + 3} failures"


def test_a_destination_of_one_target_gets_its_own_and_what_has_no_target() -> None:
    given = [failed(), failed(2, target="wiki"), alert(target="")]

    made = digest(given, targets=frozenset({"wiki"}))

    assert {group.first.target for group in made.shown()} == {"wiki", ""}


def test_a_message_about_one_person_leads_to_their_page_and_one_about_many_to_the_list() -> None:
    one = notice(digest([failed()]), notice_id="1", pages=PAGES)
    many = notice(digest([failed(), failed(2)]), notice_id="2", pages=PAGES)
    held = notice(digest([alert(result="held", user="")]), notice_id="3", pages=PAGES)

    assert one.lines[0].link == f"{PAGES}/person/{user(1)}"
    assert many.lines[0].link == f"{PAGES}/changes"
    assert held.lines[0].link == f"{PAGES}/held"
    assert one.link == f"{PAGES}/"


def test_without_pages_there_is_no_link() -> None:
    said = notice(digest([failed()]), notice_id="1", pages="")

    assert (said.link, said.lines[0].link) == ("", "")


def test_nobody_is_named_and_no_address_is_shown_unless_names_are_given() -> None:
    told = failed(reason="the app refused ada@contoso.example", by="os:ada", why="Ada asked me")

    plain = notice(digest([told]), notice_id="1", pages=PAGES)
    named = notice(digest([told]), notice_id="1", pages=PAGES, names={user(1): "Ada Example"})

    assert not any(word in repr(plain) for word in ("ada", "Ada", "@"))
    assert plain.lines[0].people == user(1)
    assert named.lines[0].people == f"Ada Example ({user(1)})"


def test_a_long_reason_is_cut_and_the_period_is_that_of_the_entries() -> None:
    at = AT + timedelta(minutes=5)
    late = Entry(id="2", at=at, kind=EntryKind.ALERT, result="x", reason="r" * 999)

    said = notice(digest([failed(), late]), notice_id="1", pages=PAGES)

    assert said.period == "2026-11-24 09:00 to 09:05 UTC"
    assert [line.reason for line in said.lines] == ["r" * 399 + "…", ""]


@pytest.mark.parametrize(("length", "is_cut"), [(400, False), (401, True)])
def test_a_reason_has_at_most_400_characters(length: int, *, is_cut: bool) -> None:
    said = notice(digest([failed(reason="r" * length)]), notice_id="1", pages=PAGES)

    assert len(said.lines[0].reason) == 400
    assert said.lines[0].reason.endswith("…") is is_cut


@pytest.mark.parametrize(
    ("numbers", "group", "text"),
    [
        ([1], "", f"removed failed in {TOTAL}"),
        ([1], ENGINEERING, f"removed failed in {TOTAL} through the group {ENGINEERING}"),
        ([1], DIRECT, f"removed failed in {TOTAL}"),
        ([1], OWN_ACCOUNT, f"removed failed in {TOTAL}"),
        ([1, 2], ENGINEERING, f"2: removed failed in {TOTAL}"),
    ],
)
def test_a_line_about_one_change_names_its_group_and_one_about_more_their_number(
    numbers: list[int], group: str, text: str
) -> None:
    made = digest([failed(number, group=group) for number in numbers])

    assert notice(made, notice_id="1", pages=PAGES).lines[0].text == text


def test_groups_of_one_weight_come_with_the_largest_first_and_nobody_is_more_than_counted() -> None:
    made = digest([failed(1, action="a"), failed(2, action="b"), failed(3, action="b", user="")])

    assert [(group.count, group.users, group.more) for group in made.shown()] == [
        (2, [user(2)], 1),
        (1, [user(1)], 0),
    ]
    assert [group.more for group in digest([alert(user="")]).shown()] == [0]


def test_a_person_with_several_entries_is_named_once() -> None:
    [group] = digest([failed(), failed()]).shown()

    assert (group.count, group.users) == (2, [user(1)])


@pytest.mark.parametrize(
    ("minutes", "period"),
    [
        ((5, 0, 9), "2026-11-24 09:00 to 09:09 UTC"),
        ((0,), "2026-11-24 09:00 UTC"),
        ((0, 60 * 24), "2026-11-24 09:00 to 2026-11-25 09:00 UTC"),
    ],
)
def test_the_period_is_from_the_first_entry_to_the_last(
    minutes: tuple[int, ...], period: str
) -> None:
    entries = [replace(failed(), at=AT + timedelta(minutes=after)) for after in minutes]

    assert notice(digest(entries), notice_id="1", pages=PAGES).period == period


def test_a_message_without_an_alert_is_none_and_a_test_message_says_so() -> None:
    said = [notice(digest([one]), notice_id="1", pages=PAGES) for one in (failed(), alert())]
    tried = [trial(notice_id="2", pages=pages, now=AT) for pages in (PAGES, "")]

    assert [one.is_alert for one in said] == [False, True]
    assert [(one.title, one.period, one.count, one.link) for one in tried] == [
        ("Hasten: a test message", "2026-11-24 09:00 UTC", 0, f"{PAGES}/"),
        ("Hasten: a test message", "2026-11-24 09:00 UTC", 0, ""),
    ]
    assert said[0].left_out == ""


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (entry(EntryKind.FOLLOWED_UP, result="given_up"), "followed up: removed given up in TOTAL"),
        (entry(EntryKind.STOPPED, result=DONE, target="", action=""), "stopped: done"),
        (alert(result="revocation_overdue"), "revocation overdue in TOTAL"),
        (failed(action=""), "failed in TOTAL"),
    ],
)
def test_a_line_says_the_kind_where_it_is_no_outcome(given: Entry, text: str) -> None:
    assert notice(digest([given]), notice_id="1", pages=PAGES).lines[0].text == text


def test_what_is_about_no_object_id_leads_to_the_list() -> None:
    said = notice(digest([failed(user="name:7")]), notice_id="1", pages=PAGES)

    assert said.lines[0].link == f"{PAGES}/changes"

"""The answer in three sentences to whether a person has access."""

from dataclasses import replace

from hasten.domain.answering import Access, answer
from hasten.domain.cycle import Cycle
from tests.unit.domain.test_explaining import ENGINEERING, NAMES, facts

ASSIGNED = {ENGINEERING: NAMES[ENGINEERING]}


def test_somebody_assigned_before_hasten_watched_is_told_where_to_look_without_access() -> None:
    known = answer(facts(), ASSIGNED)

    assert known.access is Access.YES
    assert known.headline == "Assigned, before Hasten watched"
    assert "the next of which should be over by" in known.why
    assert known.next_action.startswith("if they have no access, provision them on demand")


def test_a_job_in_trouble_says_what_to_do_first() -> None:
    trouble = Cycle(problem="the job is in quarantine", next_action="restart it")

    known = answer(replace(facts(), cycle=trouble), ASSIGNED)

    assert known.next_action == "restart it"
    assert "should be over by" not in known.why

"""How a target is provisioned is read anew every ten minutes; its job and its assignments in every
sweep."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from hasten.context import Context
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.watch.route import ROUTE_KEPT
from hasten.watch.sweep import discover, sweep
from tests.fakes.directory import GROUP_RULE, FakeDirectory
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL, World

OTHER_RULE = "another-rule"
READS = ("service_principals", "jobs", "rules", "assignments")


class Counting(FakeDirectory):
    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        if name in READS:
            self.reads[name] += 1
        return super().__getattribute__(name)

    def has_other_rule(self) -> None:
        for rule in self.rule_list:
            if rule["id"] == GROUP_RULE:
                self.rule_list = [
                    {**one, "id": OTHER_RULE} if one is rule else one for one in self.rule_list
                ]


async def swept() -> tuple[Counting, Context]:
    """A process that has swept once."""
    directory = Counting()
    context = World(directory=directory).context
    await sweep(context)
    directory.reads.clear()
    return directory, context


async def stored(context: Context) -> DiscoveredTarget:
    found = await discovered.load(context.store, TOTAL)
    assert found is not None
    return found


@virtual
async def test_a_sweep_of_an_unchanged_target_reads_its_job_and_its_assignments_alone() -> None:
    directory, context = await swept()

    await sweep(context)

    assert directory.reads == {"jobs": 1, "assignments": 1}


@virtual
async def test_a_job_whose_id_graph_writes_in_another_case_is_no_other_job() -> None:
    directory, context = await swept()
    before = await stored(context)
    directory.job_list = [{**job, "id": str(job["id"]).upper()} for job in directory.job_list]

    await sweep(context)

    assert directory.reads == {"jobs": 1, "assignments": 1}
    assert await stored(context) == before


@virtual
async def test_another_rule_is_found_within_ten_minutes() -> None:
    directory, context = await swept()
    directory.has_other_rule()

    await sweep(context)
    assert (await stored(context)).group_rule == GROUP_RULE
    await asyncio.sleep(ROUTE_KEPT.total_seconds())
    await sweep(context)

    assert (await stored(context)).group_rule == OTHER_RULE


@virtual
async def test_a_target_that_a_call_has_discovered_anew_is_read_anew() -> None:
    directory, context = await swept()
    directory.has_other_rule()

    await discover(context, context.targets[TOTAL])

    assert (await stored(context)).group_rule == OTHER_RULE


@virtual
async def test_a_sweep_does_not_undo_what_another_process_has_discovered() -> None:
    directory, context = await swept()
    directory.has_other_rule()
    other = Context(context.settings, tuple(context.targets.values()), context.ports)
    await discover(other, other.targets[TOTAL])

    await sweep(context)

    assert (await stored(context)).group_rule == OTHER_RULE


@pytest.mark.parametrize("jobs", [[{"id": "another-job"}], []])
def test_other_jobs_are_read_with_their_rules_at_once(jobs: list[dict[str, str]]) -> None:
    @virtual
    async def run() -> None:
        directory, context = await swept()
        directory.job_list = list(jobs)

        await sweep(context)

        assert directory.reads["rules"] == len(jobs)
        assert directory.reads["service_principals"] == 1

    run()

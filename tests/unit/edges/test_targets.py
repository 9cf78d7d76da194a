"""targets.yaml: everything that a target may say."""

from pathlib import Path
from uuid import UUID

import pytest

from hasten.domain.planning import GrantsBy
from hasten.domain.shared_pace import LimitScope
from hasten.policy import Allowance, Creation, GroupPolicy
from hasten.targets import Mode, Target
from hasten.targets_file import load
from tests.unit.edges.targets_file import ID, loaded


def test_the_file_that_ships_with_hasten_names_total() -> None:
    [target] = load(Path(__file__).parents[3] / "targets.yaml").targets

    assert target == Target(
        name="TOTAL",
        display_name="TOTAL",
        mode=Mode.OBSERVE,
        grants_by=GrantsBy.GROUP,
        expect_mapping={
            "externalId": "objectId",
            "title": "jobTitle",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "department",
        },
    )


def test_the_file_of_the_examples_lets_events_touch_the_monitored_group_alone() -> None:
    [target] = load(Path(__file__).parents[3] / "examples" / "targets.yaml").targets

    assert [group.name for group in target.groups if group.allows_events] == [
        "TOTAL-Engineering",
        "TOTAL-Contractors",
    ]


def test_everything_a_target_may_say_is_read(tmp_path: Path) -> None:
    [target] = loaded(
        tmp_path,
        f"""\
        targets:
          - name: TOTAL
            app_id: {ID}
            job: scim.x
            rule: a#V2
            mode: observe
            groups:
              - {{id: {ID}, role: Admin, admin: true, events: allow}}
              - name: TOTAL - Engineering
                create: {{description: Engineers, owners: [{ID}]}}
                also_members_of: [{ID}]
              - name: TOTAL - *
            direct: allow
            brake_removals: 5
            brake_percent: 50
            pause_job: true
            most_new_members: 0
            expect_mapping: {{externalId: objectId}}
            grants_by: user_then_group
            max_calls_per_hour: 1800
        """,
    )

    assert target == Target(
        name="TOTAL",
        app_id=UUID(ID),
        job="scim.x",
        rule="a#V2",
        mode=Mode.OBSERVE,
        groups=(
            GroupPolicy(id=UUID(ID), role="Admin", admin=True, events=Allowance.ALLOW),
            GroupPolicy(
                name="TOTAL - Engineering",
                create=Creation(description="Engineers", owners=(UUID(ID),)),
                also_members_of=(ID,),
            ),
            GroupPolicy(name="TOTAL - *"),
        ),
        direct=Allowance.ALLOW,
        brake_removals=5,
        brake_percent=50,
        pause_job=True,
        most_new_members=0,
        expect_mapping={"externalId": "objectId"},
        grants_by=GrantsBy.USER_THEN_GROUP,
        max_calls_per_hour=1800,
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", LimitScope.AUTO),
        ("limit_scope: auto", LimitScope.AUTO),
        ("limit_scope: target", LimitScope.TARGET),
        ("limit_scope: tenant", LimitScope.TENANT),
    ],
)
def test_the_file_says_which_targets_share_the_limit_of_calls(
    tmp_path: Path, line: str, expected: LimitScope
) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text(f"{line}\ntargets:\n- {{name: a, app_id: {ID}}}\n", encoding="utf-8")

    assert load(file).limit_scope is expected


def test_several_targets_keep_their_order(tmp_path: Path) -> None:
    targets = loaded(
        tmp_path,
        f"""\
        targets:
          - {{name: b, service_principal_id: {ID}}}
          - {{name: a, app_id: {ID}}}
        """,
    )

    assert [target.name for target in targets] == ["b", "a"]


def test_the_mode_of_the_file_holds_for_targets_that_name_none(tmp_path: Path) -> None:
    targets = loaded(
        tmp_path,
        """\
        mode: observe
        targets:
          - {name: a, display_name: x}
          - {name: b, display_name: y, mode: act}
        """,
    )

    assert [target.observes for target in targets] == [True, False]


def test_the_same_id_under_another_key_names_another_app(tmp_path: Path) -> None:
    targets = loaded(
        tmp_path,
        f"targets:\n- {{name: a, app_id: {ID}}}\n- {{name: b, service_principal_id: {ID}}}\n",
    )

    assert len(targets) == 2

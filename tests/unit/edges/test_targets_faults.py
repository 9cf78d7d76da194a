"""Faults in targets.yaml: each error names the line and the fix."""

from pathlib import Path

import pytest

from hasten.errors import PermanentError
from hasten.targets_file import load
from tests.unit.edges.targets_file import ID, refusal


def test_a_scope_that_there_is_not_is_refused_with_its_line(tmp_path: Path) -> None:
    reason = refusal(
        tmp_path, f"mode: act\nlimit_scope: app\ntargets:\n- {{name: a, app_id: {ID}}}\n"
    )

    assert reason.startswith("targets.yaml line 2: limit_scope: ")
    assert "'auto', 'target' or 'tenant'" in reason


FAULTS = {
    "an unknown key": ("colour: red", "line 4: unknown key colour"),
    "a mode not known": ("mode: watch", "line 4: targets.mode: "),
    "a brake that lets all go": ("brake_percent: 101", "line 4: targets.brake_percent: "),
    "a group named twice": (
        "groups: [{name: Sales}, {name: SALES}]",
        "line 2: group sales is given twice",
    ),
    "a group of no name": ("groups: [{role: x}]", "line 4: give a group exactly one of id and"),
    "a source that is not listed": (
        "groups: [{name: A, also_members_of: [B]}]",
        "line 2: also_members_of names B, no other group listed here",
    ),
    "a source that is the group itself": (
        "groups: [{name: A, also_members_of: [a]}]",
        "line 2: also_members_of names a, no other group listed here",
    ),
    "people who would flow out of a group of many": (
        "groups: [{name: TOTAL-Admin, also_members_of: [Staff]}, {name: Staff}]",
        "line 2: also_members_of lists admin groups whose people join this one too: mark Staff",
    ),
    "people who would become administrators": (
        "groups: [{name: A, admin: true, also_members_of: [B]}, {name: B, admin: true}]",
        "line 2: also_members_of lists admin groups whose people join this one too: mark B with",
    ),
    "a key given twice": ("name: B", "line 4: key name is given twice"),
    "a second key that names the app": (
        f"app_id: {ID}",
        "line 2: give exactly one of service_principal_id, app_id and display_name",
    ),
    "an id that is none": ("service_principal_id: TOTAL", "line 4: targets.service_principal_id: "),
    "a value not known": ("grants_by: role", "line 4: targets.grants_by: "),
    "no calls at all": ("max_calls_per_hour: 0", "line 4: targets.max_calls_per_hour: "),
    "more calls than Entra takes": ("max_calls_per_hour: 1801", "line 4: targets.max_calls_per"),
    "a group that is none": (
        f"groups: [\n      {{id: {ID}}},\n      nobody]",
        "targets.groups: give it keys and their values",
    ),
    "keys where a list belongs": ("groups:\n      nobody: x", "line 4: targets.groups: "),
    "text where a list belongs": ("groups: nobody", "line 4: targets.groups: "),
    "broken quotes": ('job: "open', "not valid YAML: "),
    "a tag": ("job: !secret x", "line 4: not valid YAML: "),
    "a date that does not exist": ("job: 2026-13-01", "line 4: not valid YAML: a value is not"),
    "a number of no digits": ("job: 0b_", "line 4: not valid YAML: a value is not"),
    "a number of too many digits": ("job: " + "9" * 5000, "line 4: not valid YAML: a value is not"),
    "no number": ("job: !!int ''", "line 4: not valid YAML: a value is not"),
    "no fraction": ("job: !!float x", "line 4: not valid YAML: a value is not"),
    "neither true nor false": ("pause_job: !!bool x", "line 4: not valid YAML: a value is not"),
    "no time": ("job: !!timestamp x", "line 4: not valid YAML: a value is not"),
    "a key that is a list": ("? [a]\n    : b", "line 4: a key is no text"),
    "endless levels": ("job: " + "[" * 5000, "line 1: it is nested too deeply"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_target_is_named_with_its_line(tmp_path: Path, fault: str) -> None:
    written, expected = FAULTS[fault]

    reason = refusal(
        tmp_path, f"targets:\n  - name: A\n    display_name: App\n    {written}\n    rule: x\n"
    )

    assert reason.startswith("targets.yaml line ")
    assert expected in reason


PLAIN = {
    "service_principal_id: 1234": "it must be an id of 36 characters such as ",
    "service_principal_id: TOTAL": "it must be an id of 36 characters such as ",
    "job: 7": "it must be text; write it in quotes",
    "pause_job: maybe": "it must be true or false",
    "brake_percent: 20%": "it must be a whole number",
    "brake_percent: 20.5": "it must be a whole number",
    "brake_percent: 0": "it must be 1 or more",
    "reserve_calls: 5": "it must be 4 or less",
    "direct: yes": "it must be 'allow' or 'deny'",
    "groups: TOTAL-Engineering": "it must be a list, also of only one: [first, second]",
    "groups: [TOTAL-Engineering]": "give it keys and their values, such as name: TOTAL",
    "expect_mapping: [externalId]": "give it keys and their values, such as name: TOTAL",
    "groups: [{name: ''}]": "it is empty: give a value",
    f"groups: [{{name: {'x' * 257}}}]": "it may have 256 characters",
    "scim: {url: app, token: HASTEN_SCIM_TOKEN_A}": "it must be an address such as https://",
}


@pytest.mark.parametrize("written", PLAIN)
def test_a_wrong_value_is_refused_with_what_it_must_be(tmp_path: Path, written: str) -> None:
    reason = refusal(
        tmp_path, f"targets:\n  - name: A\n    display_name: App\n    {written}\n    rule: x\n"
    )

    assert f": {PLAIN[written]}" in reason
    assert "Input" not in reason


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{name: my app, display_name: x}", "it may have 64 letters, digits, dots, hyphens and"),
        ("{name: 1, display_name: x}", "it must be text; write it in quotes"),
    ],
)
def test_a_name_that_nothing_could_carry_is_refused_with_what_it_may_have(
    tmp_path: Path, written: str, expected: str
) -> None:
    reason = refusal(tmp_path, f"targets:\n- {written}\n")

    assert f"line 2: targets.name: {expected}" in reason


@pytest.mark.parametrize(
    ("written", "key"),
    [
        *((f"{key}:", key) for key in ("scim", "mode", "revoke_within", "groups", "job")),
        ("groups: [{name: X, create: }]", "create"),
        ("groups: [{name: X, create: ~}]", "create"),
    ],
)
def test_a_key_without_a_value_is_no_key_that_is_left_out(
    tmp_path: Path, written: str, key: str
) -> None:
    reason = refusal(tmp_path, f"targets:\n  - name: A\n    display_name: App\n    {written}\n")

    assert f"line 4: key {key} has no value" in reason


@pytest.mark.parametrize("form", ["[{}]", "{{<<: [{}]}}"], ids=["lists", "merged keys"])
def test_aliases_that_stand_for_millions_of_values_are_refused(tmp_path: Path, form: str) -> None:
    levels = [
        f"a{number}: &a{number} " + form.format(", ".join([f"*a{number - 1}"] * 10))
        for number in range(1, 9)
    ]
    first = "a0: &a0 {x: 1}"

    reason = refusal(tmp_path, "\n".join([first, *levels]))

    assert reason.endswith("it has more than 200000 values; use fewer aliases")


def test_the_line_of_one_wrong_group_among_several_is_its_own(tmp_path: Path) -> None:
    reason = refusal(
        tmp_path,
        f"""\
        targets:
          - name: A
            display_name: App
            groups:
              - id: {ID}
              - id: nobody
        """,
    )

    assert "line 6: targets.groups.id: " in reason


def test_an_unknown_key_beside_the_targets_is_refused(tmp_path: Path) -> None:
    reason = refusal(tmp_path, "targets:\n- {name: A, display_name: x}\ncolour:\n  red\n")

    assert reason == "targets.yaml line 3: unknown key colour"


@pytest.mark.parametrize("name", ["", "A B", "-a", "a/b", "a" * 65])
def test_a_name_that_queues_and_ledgers_could_not_carry_is_refused(
    tmp_path: Path, name: str
) -> None:
    reason = refusal(tmp_path, f"targets:\n- display_name: App\n  name: '{name}'\n")

    assert reason.startswith("targets.yaml line 3: targets.name: ")


def test_a_target_that_names_no_app_is_refused(tmp_path: Path) -> None:
    reason = refusal(tmp_path, "targets:\n- name: A\n")

    assert "line 2: give exactly one of " in reason


def test_a_target_without_a_name_is_refused(tmp_path: Path) -> None:
    reason = refusal(tmp_path, "targets:\n\n- display_name: App\n")

    assert reason == "targets.yaml line 3: key name is missing"


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ("name: a, display_name: x", "name: A, display_name: y", "name A is already used by a"),
        ("name: a, display_name: x", "name: b, display_name: X", "display_name X is already"),
        (f"name: a, app_id: {ID}", f"name: b, app_id: {ID.upper()}", f"app_id {ID} is already"),
    ],
)
def test_two_targets_that_are_one_are_refused_at_the_second(
    tmp_path: Path, first: str, second: str, problem: str
) -> None:
    reason = refusal(tmp_path, f"targets:\n- {{{first}}}\n- {{{second}}}\n")

    assert f"line 3: {problem}" in reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("target: []", "line 1: key targets is missing"),
        ("targets: []", "line 1: targets: "),
        ("\n\ntargets: TOTAL", "line 3: targets: "),
        ("", "line 1: "),
        ("- name: A", "line 1: "),
        ("targets:\n\t- name: A", "line 2: not valid YAML: "),
    ],
)
def test_a_file_of_another_shape_is_refused_with_a_line(
    tmp_path: Path, text: str, expected: str
) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(PermanentError) as refused:
        load(file)

    assert refused.value.reason.startswith(f"targets.yaml {expected}")


def test_a_file_that_is_not_there_is_named_with_the_setting_that_points_at_it(
    tmp_path: Path,
) -> None:
    missing = tmp_path / "nowhere.yaml"

    with pytest.raises(PermanentError) as refused:
        load(missing)

    assert str(missing) in refused.value.reason
    assert "HASTEN_TARGETS" in refused.value.next_action


@pytest.mark.parametrize(
    "written",
    [
        "targets: []".encode("utf-16"),
        "targets:\n- name: A\n  display_name: Société".encode("latin-1"),
        b'targets:\n- name: "a\x00"',
        b"targets: &a [*a]",
    ],
)
def test_a_file_of_another_encoding_is_one_clear_line(tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "targets.yaml"
    file.write_bytes(written)

    with pytest.raises(PermanentError, match=r"targets\.yaml"):
        load(file)


@pytest.mark.parametrize("written", ["", "- a"])
def test_a_file_of_another_shape_speaks_of_keys_not_of_classes(
    tmp_path: Path, written: str
) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text(written, encoding="utf-8")

    with pytest.raises(PermanentError) as refused:
        load(file)

    assert "_File" not in refused.value.reason
    assert ": :" not in refused.value.reason

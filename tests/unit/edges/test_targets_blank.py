"""Values of targets.yaml that say nothing, or that YAML takes for something else."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from hasten.targets import Target
from tests.unit.edges.targets_file import loaded, refusal

NUMBERS = {name for name, field in Target.model_fields.items() if "int" in str(field.annotation)}


def test_true_is_no_number_of_a_target() -> None:
    assert len(NUMBERS) >= 7
    for name in NUMBERS:
        with pytest.raises(ValidationError, match=name):
            Target.model_validate({"name": "A", "display_name": "App", name: True})


@pytest.mark.parametrize(
    "written",
    [
        "scim: {url: 'https://a.example', token: HASTEN_SCIM_TOKEN_A, calls_per_minute: yes}",
        "brake_removals: on",
    ],
)
def test_a_word_that_yaml_takes_for_true_is_no_number(tmp_path: Path, written: str) -> None:
    reason = refusal(tmp_path, f"targets:\n- name: A\n  display_name: App\n  {written}\n")

    assert reason.startswith("targets.yaml line 4: ")
    assert "it must be a whole number" in reason


NOTIFY = "notify: [{name: a, medium: teams, address: HASTEN_NOTIFY_A, minutes: true}]"


@pytest.mark.parametrize("written", ["history_days: true", NOTIFY])
def test_true_is_no_number_outside_of_targets_either(tmp_path: Path, written: str) -> None:
    reason = refusal(tmp_path, f"{written}\ntargets:\n- name: A\n  display_name: App\n")

    assert "it must be a whole number" in reason


BLANK = ("  ", "\\t", "\\u200b", "\\u00a0 \\u2060")


@pytest.mark.parametrize("blank", BLANK)
@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("display_name: {}", "key display_name is blank"),
        ("job: {}", "key job is blank"),
        ("groups: [{{name: {}}}]", "key name is blank"),
        ("groups: [{{name: A, role: {}}}]", "key role is blank"),
        ("groups: [{{name: A, create: {{rule: {}}}}}]", "key rule is blank"),
        ("groups: [{{name: A, also_members_of: [{}]}}]", "an entry of a list is blank"),
        ("expect_mapping: {{externalId: {}}}", "key externalId is blank"),
    ],
)
def test_a_text_that_nobody_can_see_is_refused(
    tmp_path: Path, written: str, what: str, blank: str
) -> None:
    reason = refusal(tmp_path, "targets:\n- name: A\n  " + written.format(f'"{blank}"') + "\n")

    assert reason.startswith(f"targets.yaml line 3: {what}")


def test_spaces_around_the_name_of_an_app_are_no_part_of_it(tmp_path: Path) -> None:
    [target] = loaded(tmp_path, "targets:\n- name: A\n  display_name: ' App '\n")

    assert target.display_name == "App"

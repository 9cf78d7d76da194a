"""What Entra's answer says of each step, in words."""

from typing import Any

import pytest

from hasten.domain.answer_steps import steps_said


def said(*steps: dict[str, Any]) -> tuple[str, ...]:
    return steps_said([{"provisioningSteps": list(steps)}])


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ({"type": "Import", "status": "Success"}, "Import: Success"),
        ({"name": "EntryImport", "status": "Success"}, "EntryImport: Success"),
        ({"type": "Import", "name": "EntryImport", "status": "Success"}, "Import: Success"),
        ({}, "Step: unknown"),
        (
            {"type": "Export", "status": "Skipped", "description": "No change"},
            "Export: Skipped: No change",
        ),
        (
            {
                "type": "Export",
                "status": "Failure",
                "details": {"ErrorCode": "E1", "SkipReason": "S"},
            },
            "Export: Failure (E1)",
        ),
        (
            {"type": "Scope", "status": "Skipped", "details": {"SkipReason": "NotAssigned"}},
            "Scope: Skipped (NotAssigned)",
        ),
        ({"type": "Scope", "status": "Skipped", "details": "NotAssigned"}, "Scope: Skipped"),
    ],
)
def test_a_step_says_its_kind_its_status_its_code_and_what_happened(
    step: dict[str, Any], line: str
) -> None:
    assert said(step) == (line,)


def test_a_line_has_at_most_240_characters() -> None:
    fits, cut = (
        said({"type": "Export", "status": "Failure", "description": "a " * 111 + "b" * more})[0]
        for more in (1, 2)
    )

    assert len(fits) == 240
    assert fits.endswith(" b")
    assert len(cut) == 240
    assert cut.endswith(" …")


def test_only_ten_steps_are_said() -> None:
    steps = [{"type": f"Step{number}", "status": "Success"} for number in range(12)]

    assert said(*steps) == tuple(f"Step{number}: Success" for number in range(10))

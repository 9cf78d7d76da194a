"""What targets.yaml may say under `notify`."""

from pathlib import Path

import pytest

from hasten import targets_file
from hasten.domain.digest import Send
from hasten.errors import PermanentError

FILE = """\
notify:
  - name: iam-team
    medium: teams
    address: HASTEN_NOTIFY_IAM_TEAM
{more}
targets:
  - name: TOTAL
    display_name: TOTAL
"""


def loaded(tmp_path: Path, more: str = "") -> targets_file.TargetsFile:
    file = tmp_path / "targets.yaml"
    file.write_text(FILE.format(more=more))
    return targets_file.load(file)


def test_a_destination_gets_alerts_without_names_unless_it_says_otherwise(tmp_path: Path) -> None:
    [team] = loaded(tmp_path).destinations

    assert (team.send, team.names, team.minutes, team.targets) == (Send.ALERTS, False, 1, ())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("    adress: x", "unknown key adress"),
        ("    minutes: 0", "minutes"),
        ("    send: everything", "send"),
        ("    targets: [wiki]", "iam-team names the unknown wiki"),
        ("    to: [iam@contoso.example]", "the other media take neither"),
        (
            "  - {name: iam-team, medium: slack, address: HASTEN_NOTIFY_X}",
            "iam-team is given twice",
        ),
        ("  - {name: a, medium: pager, address: HASTEN_NOTIFY_X}", "medium"),
        ("  - {name: a, medium: slack, address: HASTEN_SCIM_TOKEN_TOTAL}", "HASTEN_NOTIFY_TEAM"),
        ("  - {name: a, medium: slack, address: 'https://hooks.example/x'}", "HASTEN_NOTIFY_TEAM"),
        ("  - {name: a, medium: mail, address: HASTEN_NOTIFY_X}", "mail needs to and sender"),
        (
            "  - {name: a, medium: mail, address: HASTEN_NOTIFY_X, sender: a, to: [b@c.example]}",
            "sender",
        ),
    ],
)
def test_what_is_wrong_is_refused_and_named(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(PermanentError, match=said):
        loaded(tmp_path, more)

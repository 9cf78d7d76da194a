"""Reports a target that no sweep of the app can read, even if Graph shows it to an operator."""

from datetime import datetime

from hasten.operate.problems import Problem
from hasten.records.job_seen import JobSeen


def problems(seen: JobSeen, now: datetime) -> list[Problem]:
    """Returns at most one problem."""
    if seen.unread_since is None or not seen.is_unread_for_long(now):
        return []
    since = f"{seen.unread_since:%Y-%m-%d %H:%M}Z"
    return [
        Problem(f"no sweep could read the target since {since}: {seen.problem}", seen.next_action)
    ]

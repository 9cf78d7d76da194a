"""Evaluates the alert rules of infra/app/alerts.json against what Hasten logs, as Azure does."""

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hasten.ports.telemetry import Event

RULES: list[Mapping[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "infra" / "app" / "alerts.json").read_text()
)
FREQUENCY = timedelta(minutes=5)
"""`evaluationFrequency` of infra/app/alerts.bicep, and the window of a rule that names none."""

RESOLVES_AFTER = 3
"""Evaluations without a hit after which an alert that resolves itself is resolved."""

LONGEST = timedelta(minutes=15)
_WINDOW = re.compile(r"PT(\d+)M")
_NUMBER = re.compile(r"toreal\(e\.(\w+)\) ([<>]) (\d+)")
_TEXT = re.compile(r'e\.(\w+) == "(\w+)"')


@dataclass
class Alert:
    """`resolved_at` is None while it is active, and for a rule that does not resolve itself."""

    rule: str
    fired_at: datetime
    because: str
    resolved_at: datetime | None = None
    misses: int = 0


def condition(text: str) -> Callable[[Mapping[str, Any]], bool]:
    """Reads the `where` of a rule. Raises ValueError for one of another form."""
    if not text:
        return lambda _: True
    if number := _NUMBER.fullmatch(text):
        name, sign, bound = number.groups()
        above = sign == ">"
        # As in KQL, a comparison with a field that is absent does not hold.
        return lambda fields: (
            name in fields
            and (fields[name] > float(bound) if above else fields[name] < float(bound))
        )
    if same := _TEXT.fullmatch(text):
        name, value = same.groups()
        return lambda fields: str(fields.get(name)) == value
    raise ValueError(f"this condition cannot be evaluated: {text}")


class Rule:
    def __init__(self, declared: Mapping[str, Any]) -> None:
        self.name = str(declared["name"])
        self.resolves = bool(declared.get("autoMitigate", True))
        window = _WINDOW.fullmatch(declared.get("window", "PT5M"))
        assert window is not None, declared
        self.window = timedelta(minutes=int(window[1]))
        self._is_absent = bool(declared.get("absent", False))
        self._reads = [
            (one["event"], frozenset(one["results"]), condition(one.get("where", "")))
            for one in declared["events"]
        ]

    def hit(self, events: Iterable[Event]) -> str | None:
        """Returns what fires the rule, of the events of its window; None if nothing does."""
        found = next((event for event in events if self._is_read(event)), None)
        if self._is_absent:
            return "nothing came" if found is None else None
        return None if found is None else f"{found.name} {found.result} {found.fields}"

    def _is_read(self, event: Event) -> bool:
        return any(
            event.name == name and event.result in results and holds(event.fields)
            for name, results, holds in self._reads
        )


@dataclass
class Alerts:
    """`fired` are all alerts so far. One that resolves itself is active until then and fires no
    second time; one that does not fires with each hit."""

    begins: datetime
    fired: list[Alert] = field(default_factory=list)
    _rules: list[Rule] = field(default_factory=lambda: [Rule(one) for one in RULES])
    _events: deque[tuple[datetime, Event]] = field(default_factory=deque)
    _active: dict[str, Alert] = field(default_factory=dict)

    def take(self, events: Iterable[tuple[datetime, Event]]) -> None:
        self._events.extend(events)

    def evaluate(self, at: datetime) -> None:
        while self._events and self._events[0][0] <= at - LONGEST:
            self._events.popleft()
        for rule in self._rules:
            since = at - rule.window
            if since >= self.begins:
                self._judge(rule, rule.hit(e for time, e in self._events if time > since), at)

    @property
    def active(self) -> list[Alert]:
        return list(self._active.values())

    def _judge(self, rule: Rule, hit: str | None, at: datetime) -> None:
        active = self._active.get(rule.name)
        if active is not None:
            active.misses = 0 if hit is not None else active.misses + 1
            if active.misses == RESOLVES_AFTER:
                active.resolved_at = at
                del self._active[rule.name]
        elif hit is not None:
            alert = Alert(rule.name, at, hit)
            self.fired.append(alert)
            if rule.resolves:
                self._active[rule.name] = alert

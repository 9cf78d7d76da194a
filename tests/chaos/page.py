"""The tables of docs/reliability.md, made of what the storms showed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.chaos.storm import Outcome

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def write(outcomes: Sequence[Outcome], operations: int, measured: Path | None) -> None:
    """Between the markers; all else is written by hand. `measured` is a report of pytest."""
    text = PAGE.read_text(encoding="utf-8")
    tables = _tables(outcomes, operations)
    if measured is not None:
        tables["measured"] = _measured(measured)
    for name, table in tables.items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        text = f"{before}{begin}{table}\n{end}{after}"
    PAGE.write_text(text, encoding="utf-8")


def _tables(outcomes: Sequence[Outcome], operations: int) -> dict[str, str]:
    faults, done, states, left = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for outcome in outcomes:
        faults.update(outcome.report.faults)
        done.update(outcome.operations)
        states.update(outcome.report.states)
        left.update(outcome.left)
    reports = [outcome.report for outcome in outcomes]
    summary = {
        "storms, each with its own seed": len(outcomes),
        "operations in each": operations,
        "virtual hours in all": round(sum(report.seconds for report in reports) / 3600),
        "calls on demand": sum(report.calls for report in reports),
        "accounts made inactive in the app itself": sum(one.taken_in_app for one in outcomes),
        "requests to Graph": sum(sum(report.requests.values()) for report in reports),
        "faults": sum(faults.values()),
        "changes released by the operator after the brake held them": sum(
            outcome.released for outcome in outcomes
        ),
        "calls above the limit of Graph": sum(report.limit_violations for report in reports),
        "dead-lettered messages": sum(sum(r.dead_letters.values()) for r in reports),
        "broken invariants": sum(len(outcome.broken) for outcome in outcomes),
    }
    return {
        "storms": _table("What", summary),
        "operations": _table("Operation", _by_count(done)),
        "faults": _table("Fault", _by_count(faults)),
        "states": _table("State at the end", _by_count(states)),
        "left": _table("Why", _by_count(left)),
    }


def _by_count(counts: Counter[str]) -> Mapping[str, int]:
    return {name.replace("_", " "): count for name, count in counts.most_common() if count}


def _table(title: str, counts: Mapping[str, int]) -> str:
    lines = [f"| {title} | Count |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {count:,} |" for name, count in counts.items())])


def _measured(report: Path) -> str:
    """The tests that measured something, by the sentence that names them."""
    lines = ["| Test | Measured |", "|---|---|"]
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own file
        told = [f"{p.get('name')}: {p.get('value')}" for p in case.iter("property")]
        if told:
            name = str(case.get("name")).removeprefix("test_").replace("_", " ")
            lines.append(f"| {name.replace('[', ' (').replace(']', ')')} | {'; '.join(told)} |")
    return "\n".join(lines)

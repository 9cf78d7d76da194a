"""Measures in a process of its own which lines each test runs."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import coverage
import pytest

from tests.mutants.mutants import ROOMS, ROOT
from tests.mutants.running import run

Lines = dict[str, dict[str, list[int]]]


@dataclass(eq=False)
class Reports:
    """Notes how long each test takes, and which ones fail."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    failed: set[str] = field(default_factory=set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if not report.passed:
            self.failed.add(report.nodeid)


def measure(items: list[pytest.Item], places: dict[Path, Path]) -> int:
    """Runs the tests, and writes for each of their files what its tests run to its place. Returns
    the exit code."""
    reports = Reports()
    items[0].config.pluginmanager.register(reports)
    measuring = coverage.Coverage(
        data_file=None, config_file=False, include=[str(ROOT / "hasten" / "*")]
    )
    measuring.set_option("run:disable_warnings", ["no-data-collected"])  # a table of constants
    measuring.start()
    run(items, before_each=lambda item: measuring.switch_context(item.nodeid))
    measuring.stop()
    lines, files = _by_test(measuring.get_data())
    found: dict[Path, dict[str, object]] = defaultdict(dict)
    for item in items:
        name = item.nodeid
        found[item.path][name] = {
            "passed": name not in reports.failed,
            "seconds": round(reports.seconds[name], 4),
            "lines": lines[name],
            "files": sorted(files[name]),
        }
    for file, tests in found.items():
        places[file].parent.mkdir(parents=True, exist_ok=True)
        places[file].write_text(json.dumps(tests))
    return 0


def _by_test(data: coverage.CoverageData) -> tuple[Lines, dict[str, set[str]]]:
    lines: Lines = defaultdict(lambda: defaultdict(list))
    files: dict[str, set[str]] = defaultdict(set)
    for file in data.measured_files():
        path = str(Path(file).relative_to(ROOT))
        for line, tests in data.contexts_by_lineno(file).items():
            for test in tests:
                files[test].add(path)
                if path.startswith(ROOMS):
                    lines[test][path].append(line)
    return lines, files

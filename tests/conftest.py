"""What every tier shares: no settings of this machine, and one PostgreSQL server for all."""

import json
import os
import time
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from scripts.chaos.findings import Finding, keep
from scripts.lab.postgres import PostgresServer, running_postgres

# By hand, for an evening: `pytest --hypothesis-profile=hours tests/unit/routing`. A test that
# counts its own examples keeps its count.
settings.register_profile("hours", max_examples=1_000_000, deadline=None, print_blob=True)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("L110_") and not n.startswith("L110_TEST_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_log_set_up_of_another_test() -> Iterator[None]:
    """A command that ran in this process may have made the logs quiet."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault", default="", help="only the faults with these numbers: 27,B8")
    parser.addoption("--findings", default="", help="folder for what the tests of faults saw")
    parser.addoption("--fault-marks", default="", help="file for the tests and controls by number")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(filter(None, config.getoption("--fault").split(",")))
    if wanted:
        kept = [item for item in items if wanted & set(_numbers(item))]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    if config.getoption("--fault-marks"):
        marks = sorted({mark for item in items for mark in _marks(item)})
        Path(config.getoption("--fault-marks")).write_text(json.dumps(marks))


def _marks(item: pytest.Item) -> Iterator[tuple[str, str]]:
    kind = "control" if item.get_closest_marker("control") else "fault"
    return ((kind, number) for number in _numbers(item))


def _numbers(item: pytest.Item) -> tuple[str, ...]:
    marks = (item.get_closest_marker(name) for name in ("fault", "control"))
    return tuple(str(number) for mark in marks if mark for number in mark.args)


FINDING = pytest.StashKey[Finding]()


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Finding:
    """What this test of a fault saw: it appends to `caller`, `records` and `leaks`."""
    finding: Finding = request.node.stash.setdefault(FINDING, _finding(request.node))
    return finding


def _finding(item: pytest.Item) -> Finding:
    fault, control = item.get_closest_marker("fault"), item.get_closest_marker("control")
    how = control.kwargs["without"] if control else fault.kwargs["how"] if fault else ""
    return Finding(item.nodeid, _numbers(item), control=control is not None, how=how)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keeps what a marked test saw, passed or not, once it is over."""
    began = time.monotonic()
    result = yield
    folder = item.config.getoption("--findings")
    if folder and _numbers(item):
        finding = item.stash.setdefault(FINDING, _finding(item))
        finding.passed = item.stash.get(PASSED, False)
        finding.skipped = item.stash.get(SKIPPED, "")
        finding.seconds = round(time.monotonic() - began, 1)
        finding.at = f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z"
        keep(Path(folder), finding)
    return result


PASSED = pytest.StashKey[bool]()
SKIPPED = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[PASSED] = item.stash.get(PASSED, True) and report.passed
    if report.skipped:
        item.stash[SKIPPED] = str(call.excinfo.value if call.excinfo else "not run")
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a long test has to say besides passed or not: its property `figures`, as it is."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, text in getattr(report, "user_properties", ()):
                if name == "figures" and report.when == "call":
                    terminalreporter.write_sep("-", report.nodeid)
                    terminalreporter.write_line(text)

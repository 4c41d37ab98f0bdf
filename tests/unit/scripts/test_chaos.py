"""The list of faults, and the page that a run makes of what it saw."""

import re
from pathlib import Path

import pytest

from scripts.chaos.catalogue import Fault, catalogue
from scripts.chaos.findings import Finding, keep, read
from scripts.chaos.page import page

BOOK = {"1": Fault("1", "bridge down", "POL"), "2": Fault("2", "no desk", "later", "no desk yet")}
SEEN = Finding("t::a", ("1",), False, "stopped", ["police rang after 120 ms"], ["1 row"], [], True)
CONTROL = Finding("t::b", ("1",), True, "the guard", [], [], [], True)


def test_every_fault_and_every_bad_input_is_listed_once() -> None:
    wanted = [*map(str, range(1, 66)), *(f"B{number}" for number in range(1, 55))]
    assert list(catalogue()) == wanted


def test_a_row_says_what_was_injected_what_was_seen_and_what_the_control_took_out() -> None:
    row = next(
        line for line in page(BOOK, [SEEN, CONTROL], "today").splitlines() if "| 1 |" in line
    )
    for said in ("bridge down", "stopped", "police rang after 120 ms", "without the guard: passed"):
        assert said in row
    assert row.endswith("| passed |")


@pytest.mark.parametrize("broken", [SEEN, CONTROL])
def test_a_fault_passes_only_with_its_control(broken: Finding) -> None:
    failed = Finding(broken.test, broken.numbers, broken.control, broken.how, passed=False)
    others = [finding for finding in (SEEN, CONTROL) if finding is not broken]
    assert "| FAILED |" in page(BOOK, [failed, *others], "today")


def test_a_fault_without_a_test_says_why() -> None:
    assert "not run: no desk yet" in page(BOOK, [SEEN], "today")
    assert "not run: not in this run" in page(BOOK, [], "today")


def test_findings_of_several_processes_come_together(tmp_path: Path) -> None:
    for finding in (CONTROL, SEEN, SEEN):
        keep(tmp_path, finding)
    assert read(tmp_path) == [SEEN, CONTROL]


def test_every_marked_number_is_in_the_list() -> None:
    marked = set()
    for path in Path("tests").rglob("test_*.py"):
        for marks in re.findall(r"mark\.(?:fault|control)\(([^)]*)", path.read_text()):
            marked |= set(re.findall(r'"(B?\d+)"', marks))
    assert marked <= set(catalogue())

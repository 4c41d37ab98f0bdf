"""The list of faults, and the page that a run makes of what it saw."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.chaos.catalogue import Fault, catalogue
from scripts.chaos.findings import Finding, keep, read
from scripts.chaos.page import page

BOOK = {"1": Fault("1", "bridge down", "POL"), "2": Fault("2", "no desk", "later", "no desk yet")}
SEEN = Finding(
    "t::a",
    ("1",),
    control=False,
    how="stopped",
    caller=["police rang after 120 ms"],
    records=["1 row"],
    leaks=["no channel"],
    passed=True,
)
CONTROL = Finding("t::b", ("1",), True, "the guard", ["nobody rang"], [], [], passed=True)


def test_every_fault_and_every_bad_input_is_listed_once() -> None:
    wanted = [*map(str, range(1, 66)), *(f"B{number}" for number in range(1, 55))]
    assert list(catalogue()) == wanted


def line_of(number: str, *findings: Finding) -> str:
    """Its line in a table of the page."""
    said = page(BOOK, findings, "today").splitlines()
    return next(line for line in said if line.startswith(("| [" + number, f"| {number} ")))


def details_of(number: str, *findings: Finding) -> str:
    said = page(BOOK, findings, "today").partition(f"### {number}\n")[2]
    return said.partition("\n### ")[0]


def test_the_short_table_says_fault_result_and_what_the_caller_noticed() -> None:
    row = "| [1](#1) | bridge down | passed | police rang after 120 ms |"
    assert line_of("1", SEEN, CONTROL) == row


def test_the_details_say_what_was_injected_what_was_seen_and_what_the_control_took_out() -> None:
    told = details_of("1", SEEN, CONTROL)
    for said in (
        "**bridge down**: passed",
        "must come to: POL",
        "injected: stopped",
        "the caller: police rang after 120 ms",
        "records: 1 row",
        "left over: no channel",
        "controls: without the guard: passed (nobody rang)",
    ):
        assert f"{said}\n" in f"{told}\n"


def test_of_several_things_that_were_seen_the_table_has_the_first_and_the_details_all() -> None:
    other = replace(SEEN, test="t::c", caller=["rang after 9 ms", "rang after 7 ms"], passed=True)
    assert line_of("1", SEEN, other).endswith("| police rang after 120 ms … |")
    assert "  - rang after 9 ms\n  - rang after 7 ms" in details_of("1", SEEN, other)


def test_what_nobody_told_of_a_fault_that_was_run_is_named_on_top() -> None:
    silent = replace(SEEN, caller=[], leaks=[])
    assert "Not told: [1](#1) (caller, left over, control)." in page(BOOK, [silent], "today")
    assert "Not told" not in page(BOOK, [SEEN, CONTROL], "today")
    assert "left over: nothing told" in details_of("1", silent)


def test_a_bar_a_tag_or_a_line_break_in_what_was_seen_breaks_no_page() -> None:
    odd = replace(SEEN, caller=["a | b\n<script>"])
    assert line_of("1", odd, CONTROL).endswith("| a \\| b &lt;script> |")


@pytest.mark.parametrize("broken", [SEEN, CONTROL])
def test_a_fault_passes_only_with_its_control(broken: Finding) -> None:
    others = [finding for finding in (SEEN, CONTROL) if finding is not broken]
    told = page(BOOK, [replace(broken, passed=False), *others], "today")
    assert "| FAILED |" in told
    said = "today: 0 of 1 faults passed, 1 not run.\n\n**Not passed: [1](#1) (FAILED).**"
    assert said in told


def test_without_a_control_it_has_not_passed() -> None:
    assert line_of("1", SEEN) == "| [1](#1) | bridge down | no control | police rang after 120 ms |"
    assert "today: 0 of 1 faults passed" in page(BOOK, [SEEN], "today")


@pytest.mark.parametrize("left_out", [SEEN, CONTROL])
def test_what_was_skipped_has_not_passed_and_says_why(left_out: Finding) -> None:
    others = [finding for finding in (SEEN, CONTROL) if finding is not left_out]
    skipped = replace(left_out, passed=False, skipped="needs root")
    said = page(BOOK, [skipped, *others], "today")
    assert "**Not passed: [1](#1) (skipped: needs root).**" in said


def test_each_fault_that_is_not_for_later_has_a_test_and_a_control(tmp_path: Path) -> None:
    told = tmp_path / "marks.json"
    asked = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "fault or control"]
    asked += ["-p", "no:cacheprovider", f"--fault-marks={told}", "tests"]
    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
    marks = {tuple(mark) for mark in json.loads(told.read_text())}
    now = [number for number, fault in catalogue().items() if not fault.later]
    wanted = {(kind, number) for number in now for kind in ("fault", "control")}
    assert wanted - marks == set()


def test_a_fault_without_a_test_says_why() -> None:
    assert line_of("2", SEEN) == "| 2 | no desk | no desk yet |"
    assert line_of("1") == "| 1 | bridge down | not in this run |"
    assert details_of("2", SEEN) == ""


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

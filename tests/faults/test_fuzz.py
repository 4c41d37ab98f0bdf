"""Hostile bytes for every reader, the short form: `scripts/fuzz --minutes N` is the long one."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from routing.timeline import said
from scripts.fuzzing import run
from scripts.fuzzing.guided import fuzz_guided, is_there
from scripts.fuzzing.main import main
from scripts.fuzzing.mutate import SEEDS, seeds_of
from scripts.fuzzing.run import fuzz
from scripts.fuzzing.targets import TARGETS

SECONDS = 5.0  # of each target


@pytest.mark.parametrize("name", list(TARGETS))
def test_no_bytes_break_or_stop_a_reader(name: str, tmp_path: Path) -> None:
    found = fuzz(name, TARGETS[name], seeds_of(SEEDS / name), SECONDS, tmp_path)
    assert found.crashes == {}, str(found)
    assert found.inputs > 200, str(found)


@pytest.mark.skipif(not is_there(), reason="atheris is not installed: scripts/fuzz installs it")
def test_a_guided_run_tells_what_it_did(tmp_path: Path) -> None:
    found = fuzz_guided("numbers", SECONDS, tmp_path)
    assert found.crashes == {}, str(found)
    assert found.inputs > 200, str(found)
    assert list((tmp_path / "corpus/numbers").iterdir())


def test_a_run_says_how_many_inputs_each_reader_had_and_how_long_the_goal_takes(
    tmp_path: Path,
) -> None:
    options = ["--minutes", "0.05", "--target", "numbers", "--way", "changed", "--json"]
    ran = CliRunner().invoke(main, [*options, "--keep", str(tmp_path)])
    told = json.loads(ran.stdout)
    assert ran.exit_code == 0
    assert told["inputs"] == {"numbers": told["runs"][0]["inputs"]}
    assert told["runs"][0]["hours_to_goal"] > 0


def test_control_a_number_that_is_cleaned_before_it_is_judged_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first run found: 1 and a control character before 3 digits was another number."""
    monkeypatch.setattr("routing.story._number", lambda start: said(start, "caller"))
    found = fuzz("numbers", TARGETS["numbers"], seeds_of(SEEDS / "numbers"), 3, tmp_path)
    assert [what.split()[0] for what in found.crashes] == ["AssertionError"] * len(found.crashes)
    assert found.crashes


def planted_crash(data: bytes) -> None:
    """The agi target with a bug: a number that is not one."""
    TARGETS["agi"](data)
    if b"result=5\xff" in data or data.count(b"HANGUP") > 2:
        raise KeyError(data)


def planted_hang(data: bytes) -> None:
    if b"520-520-" in data or b"\xff" in data:
        time.sleep(5)


def test_control_a_reader_with_a_planted_bug_is_found_and_its_input_kept(tmp_path: Path) -> None:
    found = fuzz("agi", planted_crash, seeds_of(SEEDS / "agi"), 3, tmp_path)
    ((what, file),) = found.crashes.items()
    assert what.startswith("KeyError at planted_crash")
    with pytest.raises(KeyError):
        planted_crash(file.read_bytes())


def test_control_a_reader_that_hangs_is_stopped_and_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "HANG_S", 0.05)
    found = fuzz("agi", planted_hang, seeds_of(SEEDS / "agi"), 1, tmp_path)
    assert list(found.crashes) == ["hang"]


def test_control_without_the_guard_against_deep_json_the_cdr_reader_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bug that this found first."""
    deep = b'{"a":' * 200_000
    TARGETS["cdr"](deep)
    monkeypatch.setattr("ivr.cdr.RecursionError", KeyError, raising=False)
    found = fuzz("cdr", TARGETS["cdr"], [deep], 0, tmp_path)
    assert [what.split()[0] for what in found.crashes] == ["RecursionError"]

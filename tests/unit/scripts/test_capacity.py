"""`l110 capacity` as a planner runs it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from reports.capacity.hour import WORLDS
from scripts.cli.main import l110


def told(*options: str) -> dict[str, Any]:
    done = CliRunner().invoke(l110, ["capacity", *options, "--json"])
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.output)
    return told


def test_it_says_both_languages_and_every_world() -> None:
    done = CliRunner().invoke(l110, ["capacity"])
    assert done.exit_code == 0
    assert "350 calls in the busy hour on 4 lines" in done.output
    assert "忙时 350 个来电" in done.output
    for world in ("no-bridge", "menu-redirect", "menu-refer", "call-taker", "all"):
        assert world in done.output


def test_where_callers_press_nothing_it_warns_of_a_menu() -> None:
    words = told("--mix", "nuisance")["advice"]
    assert any("a menu alone makes it worse" in each["en"] for each in words)


def test_where_they_press_it_does_not() -> None:
    words = told("--mix", "livelihood")["advice"]
    assert not any("makes it worse" in each["en"] for each in words)


def test_own_shares_take_the_place_of_a_mix() -> None:
    alone = told("--junk", "0", "--police", "1")["plans"]
    assert {plan["desk_seats"] for plan in alone} == {0}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--junk", "0.8", "--police", "0.8"), "are not 1 together"),
        (("--calls-a-day", "0"), "above 0"),
        (("--blocked", "0"), "--blocked"),
        (("--mix", "quiet"), "--mix"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_cause(options: tuple[str, ...], says: str) -> None:
    done = CliRunner().invoke(l110, ["capacity", *options])
    assert done.exit_code == 2
    assert says in done.output


def test_the_picture_has_a_curve_for_every_world_and_the_lines_there_are(tmp_path):
    file = tmp_path / "plan.svg"
    run = CliRunner().invoke(l110, ["capacity", "--lines", "6", "--picture", str(file)])
    assert run.exit_code == 0, run.output
    drawn = file.read_text(encoding="utf-8")
    assert all(world in drawn for world in WORLDS)
    assert "6 lines now" in drawn


def test_a_picture_that_cannot_be_written_is_an_error_with_its_cause(tmp_path):
    run = CliRunner().invoke(l110, ["capacity", "--picture", str(tmp_path / "none" / "plan.svg")])
    assert run.exit_code == 1
    assert "cannot be written" in run.output

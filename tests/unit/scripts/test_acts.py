"""The demo's acts: who calls in each, and what is put back after it."""

from datetime import UTC, datetime

import pytest

from config.settings import load_settings
from db.models import CallRow
from routing.story import Outcome
from scripts.demo_ways import KEPT, REFUSED, RETURNED, SHOWN, THREE_WAY, Way, not_shown, ways_of
from scripts.lab.acts import ACTS, KEPT_PREFIX
from scripts.lab.morning import End


class Switch:
    def __init__(self):
        self.modes = []

    def take_refers(self, mode):
        self.modes.append(mode)


class Town:
    def __init__(self):
        self.switch = Switch()


def act_of(words):
    return next(act for act in ACTS if words in act.title)


def test_no_two_acts_share_a_callers_number():
    assert len({act.prefix for act in ACTS}) == len(ACTS)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.title)
def test_every_caller_is_told_in_both_languages(act):
    for scene in act.scenes:
        assert any("\u4e00" <= c <= "\u9fff" for c in scene.zh)
        assert scene.en.isascii()


def test_the_switch_refuses_in_its_act_alone_and_is_put_back_after_it():
    town, refusing = Town(), act_of("refuses the REFER")
    refusing.prepare(load_settings(), town)
    assert town.switch.modes == ["refuse"]
    refusing.undo(load_settings(), town)
    assert town.switch.modes == ["refuse", "well"]


def test_the_node_asks_by_refer_when_the_switch_begins_to_refuse():
    """Else nothing would be refused: the act before it is the one by REFER."""
    titles = [act.title for act in ACTS]
    place = titles.index(act_of("refuses the REFER").title)
    assert "now by REFER" in titles[place - 1]


def test_a_caller_whose_refer_is_refused_still_comes_to_livelihood():
    assert [scene.end for scene in act_of("refuses the REFER").scenes] == [
        End.LIVELIHOOD,
        End.POLICE,
    ]


def call(call_id, mode):
    return CallRow(
        call_id=call_id,
        caller="13800000001",
        outcome=Outcome.TALKED_TO_LIVELIHOOD,
        released_at=datetime.now(UTC),
        release_mode=mode,
        slot_held_ms=7,
        reason="rule",
    )


def test_a_refused_refer_has_a_row_of_its_own_in_the_closing_table():
    calls = [call("a", "redirect"), call("b", "redirect"), call("c", "refer")]
    ways = ways_of(calls, {}, {"b"})
    assert {way.way: way.calls for way in ways} == {
        "menu, redirect": 1,
        f"menu, {REFUSED}, redirect": 1,
        "menu, refer": 1,
    }


def test_a_three_way_call_a_return_and_an_unreleased_matter_have_rows_of_their_own():
    third, back, kept = call("a", "redirect"), call("b", "refer"), call("c", None)
    third.reason = "call-taker"
    back.returned_at = datetime.now(UTC)
    kept.released_at, kept.caller = None, f"{KEPT_PREFIX}00000001"
    ways = {way.way for way in ways_of([third, back, kept], {}, three_way={"a"})}
    assert ways == {f"{THREE_WAY}, redirect", f"{RETURNED}, refer", KEPT}


def test_a_demo_in_which_nobody_went_a_way_is_not_good():
    every = [Way(way, 1, 1.0, 1.0) for way in SHOWN]
    assert not_shown(every) == ()
    assert not_shown([way for way in every if way.way != "menu, refer"]) == ("menu, refer",)

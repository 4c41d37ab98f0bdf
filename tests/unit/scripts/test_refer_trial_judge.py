"""The verdict on a switch: whatever could cost a caller anything is `redirect`."""

from dataclasses import replace

import pytest

from scripts.refer_trial.judge import Note, Why, judge
from scripts.refer_trial.seen import Notified, Seen
from scripts.refer_trial.words import MODES, NOTES, WHYS, sentences

TRYING = Notified(5, "SIP/2.0 100 Trying", 100)
OK = Notified(30, "SIP/2.0 200 OK", 200)
WELL = Seen(
    guard_ms=8000,
    referred=True,
    answer=202,
    answer_ms=1,
    notified=(TRYING, OK),
    dialled="livelihood;l110=20261123T232056Z-test-00-1a2b3c4d",
    id_kept=True,
    returned_ms=10,
    back_answered_ms=20,
    caller_kept=True,
    cleared_by="node",
    bye_ms=31,
    cleared_ms=32,
)
NOBODY = replace(
    WELL, dialled=None, id_kept=False, returned_ms=None, back_answered_ms=None, caller_kept=None
)
FAILED = Notified(6, "SIP/2.0 503 Service Unavailable", 503)
GARBAGE = Notified(6, "what ever this is", None)
LATE_OK = Notified(9000, "SIP/2.0 200 OK", 200)


def test_a_switch_that_does_all_of_it_carries_refer():
    verdict = judge(WELL)
    assert (verdict.mode, verdict.why, verdict.notes) == ("refer", Why.WORKS, ())


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (replace(NOBODY, answer=603, notified=()), Why.REFUSED),
        (replace(NOBODY, answer=404, notified=()), Why.REFUSED),
        (replace(NOBODY, answer=302, notified=()), Why.REFUSED),
        (replace(NOBODY, answer=None, notified=()), Why.UNANSWERED),
        (replace(NOBODY, notified=()), Why.SILENT),
        (replace(NOBODY, notified=(TRYING,)), Why.SILENT),
        (replace(NOBODY, notified=(GARBAGE,)), Why.UNREADABLE),
        (replace(NOBODY, notified=(TRYING, FAILED)), Why.FAILED),
        (NOBODY, Why.LOST),
        (replace(NOBODY, notified=(), cleared_by="switch"), Why.ENDED),
        (replace(NOBODY, answer=None, notified=(), cleared_by="switch"), Why.ENDED),
        (replace(WELL, id_kept=False, dialled="livelihood"), Why.ID_LOST),
        (replace(WELL, returned_ms=8001), Why.LATE),
        (replace(WELL, back_answered_ms=None), Why.NOT_ANSWERED),
        (replace(WELL, notified=(TRYING,)), Why.NO_FINAL_WORD),
        (replace(WELL, notified=(TRYING, FAILED)), Why.NO_FINAL_WORD),
        (replace(WELL, notified=(TRYING, LATE_OK)), Why.NO_FINAL_WORD),
        (replace(WELL, cleared_ms=None), Why.NOT_CLEARED),
    ],
)
def test_every_shortcoming_is_redirect_with_its_own_reason(seen, why):
    assert (judge(seen).mode, judge(seen).why) == ("redirect", why)


def test_a_call_without_a_refer_says_nothing_of_the_switch():
    assert (judge(Seen(8000)).mode, judge(Seen(8000)).why) == (None, Why.NO_REFER)


@pytest.mark.parametrize(
    ("seen", "note"),
    [
        (replace(WELL, answer=200), Note.ANSWERED_200),
        (replace(WELL, notified=(replace(OK, after_ms=19),)), Note.EARLY_WORD),
        (replace(WELL, notified=(), cleared_by="switch"), Note.EARLY_BYE),
        (replace(WELL, caller_kept=False), Note.NUMBER_CHANGED),
    ],
)
def test_what_a_switch_does_otherwise_is_noted_and_it_still_carries_refer(seen, note):
    assert (judge(seen).mode, judge(seen).notes) == ("refer", (note,))


def test_a_stranger_on_the_livelihood_number_is_noted_where_nobody_came_back():
    assert judge(replace(NOBODY, strangers=1)).notes == (Note.STRANGER,)
    assert judge(replace(WELL, strangers=1)).notes == ()


def test_every_verdict_has_its_words_in_both_languages():
    assert set(WHYS) == set(Why)
    assert set(NOTES) == set(Note)
    assert set(MODES) == {"refer", "redirect", None}
    for zh, en in [*WHYS.values(), *NOTES.values(), *MODES.values()]:
        assert any("\u4e00" <= c <= "\u9fff" for c in zh)
        assert en.isascii()


@pytest.mark.parametrize("seen", [WELL, NOBODY, Seen(8000), replace(NOBODY, notified=(GARBAGE,))])
def test_the_words_are_filled_with_what_was_seen(seen):
    for zh, en in sentences(judge(seen), seen):
        assert "{" not in zh + en

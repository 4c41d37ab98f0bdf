"""A solved ticket is called back by a real call: what the citizen presses moves it."""

import math
import os
import re
import signal
import wave
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from db.engine import reading, writing
from db.models import CallBackRow, CallLegRow, CallRow
from db.ticket_moves import Order, apply_move
from ivr.call_back import CallOrder
from reports.audit import Finding, audit_calls
from reports.switch_list import SwitchLeg
from scripts.asterisk_console import ask
from scripts.call_backs import placer_of
from scripts.lab.hearing import LINEAR
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.citizens import PATIENCE_S, RINGS, Asked, asked, town_of_citizens
from tests.real_asterisk.system import System
from tickets.refused import MoveRefused, Refusal
from tickets.roles import system as process

NUMBERS = {f"13800000{n}": Manner() for n in range(910, 926)}
NUMBER = iter(NUMBERS)
A_SECOND = 16_000  # bytes of a message
TONE_HZ = 1000  # back-tone of scripts/prompts.py
VOICE_HZ = 600  # the citizen hums


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with town_of_citizens(tmp_path_factory.mktemp("back"), 61, NUMBERS) as system:
        yield system


@pytest.fixture
def number() -> str:
    """Each test has a citizen of its own."""
    return next(NUMBER)


def called(one: Asked) -> CallBackRow:
    """The first attempt, of which the switch itself has seen the INVITE."""
    row = one.attempt()
    (invite,) = one.invites()
    assert invite.facts["sip"] == row.sip_call_id
    assert invite.facts["shows"] == one.system.node.settings.livelihood.number
    return row


def test_pressing_solved_and_satisfied_closes_the_ticket(system: System, number: str) -> None:
    with asked(system, number) as one:
        assert one.round().placed == 1
        one.hears("solved")
        wait_until(lambda: speaks_to(one), "a voice", PATIENCE_S)
        one.presses("solved", "1")
        one.presses("satisfied", "5")
        one.hears("message")
        assert system.node.slots_in_use() == 0
        one.telephone.hang_up()
        row = called(one)
        assert (row.outcome, row.said_solved, row.satisfied) == ("answered", True, 5)
        assert one.round(minutes=1).closed == 1
        ticket = one.row()
        assert (ticket.state, ticket.said_solved, ticket.satisfied) == ("closed", True, 5)


def speaks_to(one: Asked) -> bool:
    """Whether there was sound in what he heard last."""
    return any(
        abs(LINEAR[code]) > 1000 for packet in one.telephone.talk.sound.ear for code in packet
    )


def test_pressing_not_solved_reopens_it(system: System, number: str) -> None:
    with asked(system, number) as one:
        one.round()
        one.presses("solved", "2")
        one.hears("satisfied")
        one.telephone.hang_up()
        assert (called(one).said_solved, one.round(minutes=1).reopened) == (False, 1)
        assert one.row().state == "reopened"


def test_a_telephone_that_nobody_answers_is_an_attempt(system: System, number: str) -> None:
    with asked(system, number, RINGS) as one:
        one.round()
        one.telephone.wait_for("rang", timeout_s=PATIENCE_S)
        assert called(one).outcome == "no-answer"
        one.telephone.wait_for("ended", "cancelled")
        assert (one.round(minutes=1).again, one.turn()) == (1, "due")
        assert one.row().state == "call-back-due"


def test_a_busy_line_is_an_attempt(system: System, number: str) -> None:
    with asked(system, number, says_busy=True) as one:
        one.round()
        assert called(one).outcome == "busy"
        assert one.round(minutes=1).again == 1


def test_a_number_that_is_not_there_is_an_attempt(system: System) -> None:
    with asked(system, "13999999999", here=False) as one:
        one.round()
        assert called(one).outcome == "no-answer"


def test_hanging_up_in_the_prompt_is_an_attempt(system: System, number: str) -> None:
    with asked(system, number) as one:
        one.round()
        one.hears("solved")
        one.telephone.hang_up()
        row = called(one)
        assert (row.outcome, row.said_solved) == ("hung-up", None)
        assert one.round(minutes=1).again == 1


def test_no_key_at_all_is_an_attempt_and_he_is_hung_up(system: System, number: str) -> None:
    with asked(system, number) as one:
        one.round()
        one.presses("solved", "7")
        one.telephone.wait_for("ended", "them", timeout_s=2 * PATIENCE_S)
        assert called(one).outcome == "no-key"


def test_a_message_after_the_tone_is_kept_with_its_name(system: System, number: str) -> None:
    with asked(system, number) as one:
        one.round()
        one.presses("solved", "1")
        one.presses("satisfied", "3")
        one.presses("message", "1")
        talk = one.telephone.talk
        wait_until(lambda: talk.sound.hears(TONE_HZ), "the tone", PATIENCE_S)
        talk.sound.hum(VOICE_HZ)
        path = one.message()
        wait_until(lambda: path.exists() and path.stat().st_size > A_SECOND, "a word", PATIENCE_S)
        one.telephone.hang_up()
        row = called(one)
        assert (row.satisfied, row.message_file) == (3, path.name)
        assert share_at(path, VOICE_HZ) > 0.5
        assert share_at(path, TONE_HZ) < 0.01


def share_at(path: Path, hz: int) -> float:
    """How much of a recording's energy is at this frequency (Goertzel)."""
    with wave.open(str(path)) as sound:
        samples = array("h", sound.readframes(sound.getnframes()))
    turn = 2 * math.cos(math.tau * hz / 8000)
    before, last = 0.0, 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    power = last * last + before * before - turn * last * before
    energy = sum(sample * sample for sample in samples)
    return float(2 * power / (len(samples) * energy))


def test_who_called_in_english_is_asked_in_english(system: System, number: str) -> None:
    with asked(system, number) as one:
        placer_of(system.node.settings)(CallOrder("99-1-1", number, "en"))
        one.hears("solved")
        (name,) = (c for c in system.node.channels() if c.startswith("PJSIP/l110-switch-"))
        told = ask(system.node.home, f"core show channel {name}")
        assert re.search(r"Language: +en\b", told), told
        one.telephone.hang_up()


def test_three_attempts_and_then_a_person(system: System, number: str) -> None:
    with asked(system, number, says_busy=True) as one:
        one.round()
        for n in (1, 2, 3):
            one.attempt(n)
            one.round(seconds=1)
            one.round(days=1)
        assert (len(one.invites()), one.turn()) == (3, "person")
        assert one.row().state == "call-back-due"


def test_a_call_back_is_no_call_and_the_audit_explains_it(system: System, number: str) -> None:
    with asked(system, number) as one:
        one.round()
        one.hears("solved")
        assert "line@l110" not in ask(system.node.home, "group show channels")
        one.telephone.hang_up()
        called(one)
        listed = [SwitchLeg(e.facts["sip"], result="answered") for e in one.invites()]
    with reading(system.engine) as session:
        assert session.query(CallRow).all() == []
        assert session.query(CallLegRow).all() == []
    assert audited(system, listed) == ()
    stranger = SwitchLeg("of-nobody", result="answered")
    assert [f.subject for f in audited(system, [*listed, stranger])] == ["of-nobody"]


def audited(system: System, listed: Sequence[SwitchLeg]) -> Sequence[Finding]:
    with reading(system.engine) as session:
        return audit_calls(session, listed).findings


def test_nobody_closes_it_without_the_call(system: System, number: str) -> None:
    with asked(system, number, here=False) as one, writing(system.engine) as session:
        version = one.row().version
        order = Order("close", process("worker"), one.now, version)
        with pytest.raises(MoveRefused) as refused:
            apply_move(session, one.ticket, order)
    assert refused.value.kind is Refusal.NO_CALL_BACK


@pytest.mark.control(without="the row that is written before anybody is rung")
def test_control_without_its_row_a_call_closes_nothing(system: System, number: str) -> None:
    """The citizen presses 1 and 5, and the store has no attempt that it could belong to."""
    with asked(system, number) as one:
        one.round()
        one.hears("solved")
        forget_the_attempt(system, one.ticket)
        one.presses("solved", "1")
        one.presses("satisfied", "5")
        one.hears("message")
        one.telephone.hang_up()
        system.assert_nothing_outlives_its_call()
        wait_until(lambda: told_to_the_end(system, one.ticket), "the feed", PATIENCE_S)
        one.round(minutes=1)
        assert one.row().state == "call-back-due"


def forget_the_attempt(system: System, ticket: int) -> None:
    with writing(system.engine) as session:
        connection = session.connection()
        connection.exec_driver_sql("DROP TRIGGER call_backs_no_delete")
        connection.exec_driver_sql(f"DELETE FROM call_backs WHERE ticket_id = {ticket}")
        connection.exec_driver_sql(
            "CREATE TRIGGER call_backs_no_delete BEFORE DELETE ON call_backs"
            " BEGIN SELECT RAISE(ABORT, 'kept'); END"
        )


def told_to_the_end(system: System, ticket: int) -> bool:
    with reading(system.engine) as session:
        rows = session.connection().exec_driver_sql(
            "SELECT data FROM call_steps WHERE kind = 'called-back'"
        )
        return any(f'"{ticket}-' in str(row[0]) for row in rows)


def test_an_attempt_whose_asterisk_is_killed_is_given_up_as_failed(
    system: System, number: str
) -> None:
    """Last: the node starts anew."""
    with asked(system, number) as one:
        one.round()
        one.hears("solved")
        os.kill(system.node.processes["asterisk"].pid, signal.SIGKILL)
        assert one.round(minutes=110).lost == 0
        done = one.round(minutes=20)
        row = one.attempt()
        assert (done.lost, done.again) == (1, 1)
        assert (row.outcome, row.note) == ("failed", "its end was never told")
        done = one.round(minutes=11)
        assert (done.away, one.attempt(2).outcome) == (True, "failed")
        one.telephone.hang_up()
        system.node.restart("asterisk")
        one.round(seconds=1)
        assert one.round(minutes=11).placed == 1
        one.presses("solved", "1")
        one.presses("satisfied", "4")
        one.hears("message")
        one.telephone.hang_up()
        assert one.attempt(3).satisfied == 4
        assert one.round(minutes=1).closed == 1

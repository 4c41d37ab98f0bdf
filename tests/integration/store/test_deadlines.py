"""Deadlines on both stores: set with a move, shifted by waiting, explained, computed anew."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from db.calendar import days_set, forget_day, load_calendar, publish_year, set_day
from db.deadlines import explain, recompute, recompute_provisional
from db.engine import reading, writing
from db.models import TicketRow
from db.ticket_moves import Order, apply_move, history
from tests.integration.store.lives import HANDLER, OPERATOR, RULES, SUPERVISOR, Late, at
from tickets.refused import MoveRefused, Refusal
from tickets.working_time import measure

NOW = at("2026-11-29 12:00")
Life = Callable[..., Late]


@pytest.fixture
def late(store: Engine) -> Life:
    return lambda **fields: Late(store, **fields)


def publish(store: Engine, year: int) -> None:
    with writing(store) as session:
        publish_year(session, year, because="notice", by="chen", at=NOW)


def test_a_dispatch_sets_when_it_is_due_and_by_which_class(late: Life) -> None:
    row = late().dispatched("2026-09-23 10:00")
    assert (row.due_at, row.deadline_class) == (at("2026-10-10 17:30"), "general")
    assert not row.due_provisional


def test_class_and_urgency_may_come_with_the_dispatch(late: Life) -> None:
    row = late().dispatched("2026-09-23 10:00", deadline_class="complex")
    assert row.due_at == at("2026-10-19 17:30")
    urgent = late(urgency="urgent").dispatched("2026-09-23 10:00")
    assert urgent.due_at == at("2026-09-24 10:00")
    emergency = late().dispatched("2026-09-23 10:00", urgency="emergency", deadline_class="repair")
    assert emergency.due_at == at("2026-09-23 10:15")


def test_a_class_that_is_not_there_is_refused_and_nothing_is_dispatched(late: Life) -> None:
    ticket = late()
    with pytest.raises(MoveRefused, match="no deadline class is called x: complex") as refused:
        ticket.dispatched(deadline_class="x")
    assert refused.value.kind is Refusal.MISSING
    assert ticket.row().state == "screened"


def test_a_word_that_is_no_urgency_is_refused_as_by_every_move(late: Life) -> None:
    with pytest.raises(MoveRefused, match="urgency is one of emergency, normal, urgent, not x"):
        late().dispatched(urgency="x")


def test_waiting_for_the_citizen_moves_the_end(late: Life) -> None:
    ticket = late()
    ticket.working("2026-09-14 10:00")
    before = ticket.row().due_at
    assert before == at("2026-09-22 17:30")
    ticket.move("wait", HANDLER, "2026-09-15 08:00", "he is away")
    assert ticket.explained("2026-09-15 10:00").waiting_since == at("2026-09-15 08:00")
    row = ticket.move("go-on", HANDLER, "2026-09-16 17:30")
    assert row.due_at == at("2026-09-24 17:30")
    again = ticket.explained().deadline
    assert (again.due_at, again.steps[1].paused) == (row.due_at, RULES.hours.office_day)


def test_a_granted_extension_is_the_end_and_a_denied_one_is_not(late: Life) -> None:
    ticket = late()
    ticket.working("2026-09-14 10:00")
    wish = at("2026-09-30 12:00")
    ticket.move("ask-extension", HANDLER, because="parts", extension_to=wish)
    assert ticket.move("deny", SUPERVISOR, because="no").due_at == at("2026-09-22 17:30")
    ticket.move("ask-extension", HANDLER, because="parts", extension_to=wish)
    assert ticket.move("grant", SUPERVISOR).due_at == wish
    assert ticket.explained().deadline.extended_to == wish
    ticket.move("wait", HANDLER, "2026-09-29 08:00", "he is away")
    assert ticket.move("go-on", HANDLER, "2026-09-29 10:00").due_at == at("2026-09-30 16:30")


def test_going_on_and_granting_compute_the_end_by_themselves(late: Life) -> None:
    ticket = late()
    ticket.working("2026-09-14 10:00")
    ticket.move("wait", HANDLER, because="he is away")
    with pytest.raises(MoveRefused, match="go-on computes due_at by itself: leave it out"):
        ticket.move("go-on", HANDLER, due_at=at("2027-01-01 00:00"))


def test_an_extension_of_a_lifetime_is_refused(late: Life) -> None:
    ticket = late()
    ticket.working("2026-09-14 10:00")
    ticket.move("ask-extension", HANDLER, because="parts", extension_to=at("2126-09-30 12:00"))
    with pytest.raises(MoveRefused, match="more than ten years after"):
        ticket.move("grant", SUPERVISOR)


def test_an_overruled_objection_buys_no_time(late: Life) -> None:
    ticket = late()
    due_at = ticket.dispatched("2026-09-14 10:00").due_at
    ticket.move("object", HANDLER, because="not ours")
    assert ticket.move("overrule", SUPERVISOR, "2026-09-18 10:00", "yours").due_at == due_at
    ticket.move("accept", HANDLER)
    ticket.move("wait", HANDLER, "2026-09-21 18:00", "he is away")
    assert ticket.move("go-on", HANDLER, "2026-09-21 19:00").due_at == due_at


def test_an_overruling_may_give_a_new_end_which_waiting_moves(late: Life) -> None:
    ticket = late()
    ticket.dispatched("2026-09-14 10:00")
    ticket.move("object", HANDLER, because="not ours")
    end = at("2026-09-30 12:00")
    assert ticket.move("overrule", SUPERVISOR, because="yours", due_at=end).due_at == end
    ticket.move("accept", HANDLER)
    ticket.move("wait", HANDLER, "2026-09-21 08:00", "he is away")
    assert ticket.move("go-on", HANDLER, "2026-09-21 12:00").due_at == at("2026-10-08 09:00")


def test_a_new_dispatch_begins_anew(late: Life) -> None:
    ticket = late()
    ticket.dispatched("2026-09-14 10:00")
    ticket.move("recall", SUPERVISOR, because="wrong unit")
    row = ticket.dispatched("2026-09-21 10:00")
    assert row.due_at == ticket.explained().deadline.due_at == at("2026-10-08 17:30")


def test_an_end_given_by_hand_stands(late: Life) -> None:
    ticket = late()
    end = at("2026-09-18 12:00")
    assert ticket.working("2026-09-14 10:00", due_at=end).due_at == end
    assert ticket.explained().deadline.due_at == end
    ticket.move("wait", HANDLER, "2026-09-17 10:00", "he is away")
    assert ticket.move("go-on", HANDLER, "2026-09-17 12:00").due_at == at("2026-09-18 16:30")


def test_a_later_change_of_the_file_moves_no_deadline_that_has_begun(late: Life) -> None:
    ticket = late()
    ticket.working("2026-09-14 10:00")
    general = RULES.classes["general"]
    tiers = dict.fromkeys(general.tiers, measure("1 working day"))
    ticket.rules = replace(RULES, classes={"general": replace(general, tiers=tiers)})
    ticket.move("wait", HANDLER, "2026-09-15 18:00", "he is away")
    assert ticket.move("go-on", HANDLER, "2026-09-15 19:00").due_at == at("2026-09-22 17:30")


def test_what_was_dispatched_without_a_deadline_goes_on_without_one(
    late: Life, store: Engine
) -> None:
    ticket = late()
    with writing(store) as session:
        version = ticket.the(session).version
        apply_move(
            session, ticket.id, Order("dispatch", OPERATOR, ticket.at, version, {"unit": "water"})
        )
    ticket.move("accept", HANDLER)
    ticket.move("wait", HANDLER, because="he is away")
    assert ticket.move("go-on", HANDLER).due_at is None
    wish = at("2026-09-30 12:00")
    ticket.move("ask-extension", HANDLER, because="parts", extension_to=wish)
    assert ticket.move("grant", SUPERVISOR).due_at == wish
    with reading(store) as session:
        time = RULES.time(load_calendar(session))
        assert explain(session, ticket.the(session), NOW, time) is None


def test_a_provisional_deadline_is_computed_again_when_the_year_is_published(
    late: Life, store: Engine
) -> None:
    ticket = late()
    row = ticket.dispatched("2026-12-22 10:00", deadline_class="complex")
    assert (row.due_at, row.due_provisional) == (at("2027-01-11 17:30"), True)
    assert recompute_provisional(store, NOW, RULES) == []
    with writing(store) as session:  # as the notice of 2027 might say
        set_day(session, date(2027, 1, 9), working=True, because="make-up", by="chen", at=NOW)
    assert recompute_provisional(store, NOW, RULES) == [row.number]
    assert ticket.row().due_provisional
    publish(store, 2027)
    assert recompute_provisional(store, NOW, RULES) == [row.number]
    row = ticket.row()
    assert (row.due_at, row.due_provisional) == (at("2027-01-09 17:30"), False)
    with reading(store) as session:
        last = history(session, ticket.id)[-1]
    assert (last.move, last.by) == ("recompute", "deadlines")
    assert recompute_provisional(store, NOW, RULES) == []


def test_a_day_off_of_the_city_moves_final_deadlines_too_where_all_are_asked_for(
    late: Life, store: Engine
) -> None:
    ticket, solved = late(), late()
    ticket.dispatched("2026-09-14 10:00")
    solved.working("2026-09-14 10:00")
    solved.move("solve", HANDLER, result="mended")
    with writing(store) as session:
        set_day(session, date(2026, 9, 16), working=False, because="typhoon", by="chen", at=NOW)
    assert recompute(store, NOW, RULES) == []
    assert recompute(store, NOW, RULES, every=True) == [ticket.row().number]
    assert ticket.row().due_at == at("2026-09-23 17:30")
    with writing(store) as session:
        assert [row.because for row in days_set(session, 2026)] == ["typhoon"]
        assert forget_day(session, date(2026, 9, 16))
        assert not forget_day(session, date(2026, 9, 16))
    recompute(store, NOW, RULES, every=True)
    assert ticket.row().due_at == at("2026-09-22 17:30")


def test_two_workers_that_compute_anew_at_once_change_a_ticket_once(
    late: Life, store: Engine
) -> None:
    tickets = [late() for _ in range(5)]
    for ticket in tickets:
        ticket.dispatched("2026-12-22 10:00", deadline_class="complex")
    publish(store, 2027)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: recompute_provisional(store, NOW, RULES), range(2)))
    assert sorted(done[0] + done[1]) == sorted(ticket.row().number or "" for ticket in tickets)
    with reading(store) as session:
        for ticket in tickets:
            moves = [each.move for each in history(session, ticket.id)]
            assert moves.count("recompute") == 1


def test_nobody_but_the_system_moves_a_deadline_without_a_reason(late: Life, store: Engine) -> None:
    ticket = late()
    row = ticket.dispatched("2026-09-14 10:00")
    with pytest.raises(MoveRefused, match="may not recompute"):
        ticket.move("recompute", SUPERVISOR, because="I like it", due_at=at("2030-01-01 00:00"))
    assert ticket.row().due_at == row.due_at


@pytest.mark.control(without="the clock that stands while a ticket waits")
def test_control_with_plain_moves_the_citizens_time_is_the_units_loss(
    late: Life, store: Engine
) -> None:
    ticket = late()
    ticket.working("2026-09-14 10:00")
    before = ticket.row().due_at
    for name, because in (("wait", "he is away"), ("go-on", "")):
        with writing(store) as session:
            version = session.get_one(TicketRow, ticket.id).version
            when = at("2026-09-15 08:00" if because else "2026-09-16 17:30")
            apply_move(session, ticket.id, Order(name, HANDLER, when, version, {}, because))
    assert ticket.row().due_at == before
    assert ticket.explained().deadline.due_at == at("2026-09-24 17:30")


COURSE = st.lists(
    st.tuples(st.sampled_from(["wait", "ask-extension"]), st.integers(0, 90), st.integers(0, 90)),
    max_size=5,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sampled_from(["repair", "general", "complex"]), COURSE)
def test_what_stands_on_a_ticket_is_what_its_history_explains(
    late: Life, kind: str, steps: list[tuple[str, int, int]]
) -> None:
    ticket = late()
    ticket.working("2026-09-14 10:00", deadline_class=kind)
    for move, before_h, after_h in steps:
        ticket.at += timedelta(hours=before_h)
        if move == "wait":
            ticket.move("wait", HANDLER, because="he is away")
            ticket.at += timedelta(hours=after_h)
            ticket.move("go-on", HANDLER)
        else:
            wish = ticket.at + timedelta(days=9)
            ticket.move("ask-extension", HANDLER, because="parts", extension_to=wish)
            ticket.at += timedelta(hours=after_h)
            ticket.move("grant", SUPERVISOR)
        row, found = ticket.row(), ticket.explained().deadline
        assert (row.due_at, row.due_provisional) == (found.due_at, found.provisional)

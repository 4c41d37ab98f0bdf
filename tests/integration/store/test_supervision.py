"""Supervision on both stores: each rung once, whoever asks, and in words."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from db.calendar import load_calendar, publish_year
from db.engine import make_engine, reading, writing
from db.models import SupervisionNoticeRow
from db.supervision import (
    due_notices,
    make_notices,
    missing_notices,
    newest_notices,
    notices_of,
    write_notices,
)
from dispatch.supervision import notices, provisional_deadlines
from tests.integration.store.lives import HANDLER, RULES, SUPERVISOR, Late, at
from tickets.numbers import SHANGHAI

WORKERS = 8
LONG_AFTER = at("2026-09-24 18:00")


def told(late: Late) -> list[tuple[int, str, str, str | None]]:
    with reading(late.engine) as session:
        return [
            (row.level, f"{row.made_at.astimezone(SHANGHAI):%m-%d %H:%M}", row.receiver, row.number)
            for row in notices_of(session, late.id)
        ]


def test_a_month_of_a_ticket_is_played_in_under_a_second(store: Engine) -> None:
    late = Late(store)
    late.working("2026-09-07 10:00")
    with reading(store) as session:
        load_calendar(session)  # the package of holidays is read once in a process
    now, began = at("2026-09-07 12:00"), time.process_time()
    while now < at("2026-10-08 00:00"):
        make_notices(store, now, RULES)
        now += timedelta(hours=5)
    took_s = time.process_time() - began  # of ours: a busy machine is no fault of it
    levels = [(level, receiver, number) for level, _, receiver, number in told(late)]
    assert levels == [
        (1, "unit", None),
        (2, "unit", None),
        (3, "unit-head", "2026-0001"),
        (4, "desk-supervisor", "2026-0002"),
        (5, "leader", "2026-0003"),
        (6, "leaders-meeting", "2026-0004"),
    ]
    assert took_s < 1, f"{took_s:.2f} s"


def test_a_notice_says_number_ticket_unit_and_when_it_was_due(store: Engine) -> None:
    late = Late(store, title="Burst pipe {x}")
    number = late.working("2026-09-07 10:00").number
    with writing(store) as session:
        assert len(due_notices(session, LONG_AFTER, RULES)) == 5
    third = next(row for row in rows(store) if row.level == 3)
    assert third.zh == (
        f"督办〔2026〕1号：工单{number}（Burst pipe {{x}}）由water承办，"
        "已于2026年9月16日17:30到期，请督促办结并书面说明原因。"
    )
    assert third.en.startswith(
        f"Supervision notice 2026-0001: ticket {number} (Burst pipe {{x}}) with water was due at"
        " 2026-09-16 17:30."
    )


def test_what_goes_before_the_leaders_is_listed_by_the_day_of_their_meeting(store: Engine) -> None:
    late = Late(store)
    late.working("2026-09-07 10:00")
    make_notices(store, LONG_AFTER, RULES)
    with reading(store) as session:
        agenda = newest_notices(session, 10, meeting=date(2026, 10, 15))
        assert [(notice.level, ticket.id) for notice, ticket in agenda] == [(6, late.id)]
        assert "2026-10-15" in agenda[0][0].en
        assert newest_notices(session, 10, meeting=date(2026, 9, 15)) == []


def test_a_sealed_tickets_title_is_in_no_notice(store: Engine) -> None:
    late = Late(store, title="Violence at home")
    late.move("seal", SUPERVISOR, because="a victim", sealed=True)
    late.dispatched("2026-09-07 10:00")
    assert make_notices(store, LONG_AFTER, RULES) == 5
    texts = [row.zh + row.en for row in rows(store)]
    assert not any("Violence" in each for each in texts)
    assert "保密工单" in texts[0]


def test_a_ticket_that_waits_or_is_solved_is_left_alone(store: Engine) -> None:
    waiting, solved = Late(store), Late(store)
    for late in (waiting, solved):
        late.working("2026-09-07 10:00")
    waiting.move("wait", HANDLER, because="he is away")
    solved.move("solve", HANDLER, result="mended")
    assert make_notices(store, LONG_AFTER, RULES) == 0


def test_one_that_is_solved_between_looking_and_writing_is_left_alone(store: Engine) -> None:
    late = Late(store)
    late.working("2026-09-07 10:00")
    with reading(store) as session:
        drafts = missing_notices(session, LONG_AFTER, RULES)
    late.move("solve", HANDLER, result="mended")
    with writing(store) as session:
        assert write_notices(session, drafts, LONG_AFTER) == []


@pytest.mark.control(without="the second look in the transaction that writes")
def test_control_without_the_second_look_a_unit_is_blamed_for_what_it_has_solved(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Late(store)
    late.working("2026-09-07 10:00")
    with reading(store) as session:
        drafts = missing_notices(session, LONG_AFTER, RULES)
    late.move("solve", HANDLER, result="mended")
    monkeypatch.setattr("db.supervision._still_late", lambda _session, drafts: drafts)
    with writing(store) as session:
        assert len(write_notices(session, drafts, LONG_AFTER)) == 5


def test_a_deadline_that_has_moved_is_watched_anew(store: Engine) -> None:
    late = Late(store)
    late.working("2026-09-07 10:00")
    assert make_notices(store, at("2026-09-17 10:00"), RULES) == 2
    late.move(
        "ask-extension", HANDLER, "2026-09-17 10:30", "parts", extension_to=at("2026-09-22 12:00")
    )
    late.move("grant", SUPERVISOR)
    assert make_notices(store, at("2026-09-20 10:00"), RULES) == 0
    assert make_notices(store, at("2026-09-22 10:00"), RULES) == 1
    assert make_notices(store, at("2026-09-22 15:30"), RULES) == 2
    assert [level for level, *_ in told(late)] == [2, 3, 1, 2, 3]


def test_at_night_only_an_urgent_ticket_is_told(store: Engine) -> None:
    calm = Late(store)
    urgent = Late(store, urgency="urgent")
    calm.dispatched("2026-09-07 10:00", deadline_class="repair")
    urgent.dispatched("2026-09-07 20:00", deadline_class="repair")
    assert make_notices(store, at("2026-09-08 02:00"), RULES) > 0
    assert told(calm) == []
    assert [level for level, *_ in told(urgent)] == [2, 3, 4]
    assert make_notices(store, at("2026-09-08 10:00"), RULES) >= 1
    assert [level for level, *_ in told(calm)] == [2]


def all_at_once(store: Engine, now: datetime) -> list[list[int]]:
    """Each worker looks, waits for the others to have looked, and writes: what each has made."""
    barrier = Barrier(WORKERS)

    def worker(_n: int) -> list[int]:
        with reading(store) as session:
            drafts = missing_notices(session, now, RULES)
        barrier.wait(30)
        with writing(store) as session:
            return [row.id for row in write_notices(session, drafts, now)]

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(worker, range(WORKERS)))


def rows(store: Engine) -> Sequence[SupervisionNoticeRow]:
    with reading(store) as session:
        return [notice for notice, _ in newest_notices(session, 10_000)]


@pytest.fixture
def late_ones(roomy: Engine) -> Engine:
    for _ in range(12):
        Late(roomy).dispatched("2026-09-07 10:00")
    return roomy


@pytest.fixture
def roomy(store: Engine) -> Engine:
    """With a connection for each worker on PostgreSQL."""
    url = store.url.render_as_string(hide_password=False)
    return make_engine(url, pool_size=WORKERS + 1, statement_timeout_s=20)


def test_eight_workers_at_once_make_each_notice_once(late_ones: Engine) -> None:
    made = [each for ids in all_at_once(late_ones, LONG_AFTER) for each in ids]
    kept = rows(late_ones)
    assert sorted(made) == sorted(row.id for row in kept)
    assert len({(row.ticket_id, row.due_at, row.level) for row in kept}) == len(kept) == 60
    numbers = sorted(row.number for row in kept if row.number)
    assert numbers == [f"2026-{n:04d}" for n in range(1, 49)]
    late_ones.dispose()


@pytest.mark.control(without="the unique key of a notice")
def test_control_without_the_unique_key_each_worker_makes_it(late_ones: Engine) -> None:
    with writing(late_ones) as session:
        session.execute(text("DROP INDEX uq_supervision_notices_once"))
    all_at_once(late_ones, LONG_AFTER)
    kept = rows(late_ones)
    assert len(kept) > len({(row.ticket_id, row.due_at, row.level) for row in kept})
    late_ones.dispose()


def test_workers_that_loop_beside_each_other_make_each_notice_once(late_ones: Engine) -> None:
    def month(_n: int) -> int:
        now, made = at("2026-09-15 12:00"), 0
        while now < LONG_AFTER:
            made += make_notices(late_ones, now, RULES)
            now += timedelta(hours=7)
        return made

    with ThreadPoolExecutor(WORKERS) as pool:
        made = sum(pool.map(month, range(WORKERS)))
    assert made == len(rows(late_ones)) == len({(r.ticket_id, r.level) for r in rows(late_ones)})
    late_ones.dispose()


def test_a_notice_that_could_not_be_passed_on_is_not_made_either(store: Engine) -> None:
    Late(store).dispatched("2026-09-07 10:00")

    def refuse(_session: Session, _rows: Sequence[SupervisionNoticeRow]) -> None:
        raise RuntimeError("no way out")

    with pytest.raises(RuntimeError, match="no way out"):
        make_notices(store, LONG_AFTER, RULES, refuse)
    assert rows(store) == []
    passed: list[int] = []
    make_notices(store, LONG_AFTER, RULES, lambda _s, made: passed.extend(r.level for r in made))
    assert passed == [2, 3, 4, 5, 6]


def test_many_notices_in_one_transaction_are_no_more_than_a_statement_can_hold(
    store: Engine,
) -> None:
    for _ in range(45):
        Late(store).dispatched("2026-09-07 10:00")
    with writing(store) as session:
        assert len(due_notices(session, LONG_AFTER, RULES)) == 225


def test_late_tickets_are_found_by_an_index(store: Engine) -> None:
    query = "SELECT id FROM tickets WHERE state IN ('dispatched', 'accepted') AND due_at <= :until"
    now = datetime(2026, 9, 1, tzinfo=UTC)
    with writing(store) as session:
        if store.dialect.name == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if store.dialect.name == "sqlite" else "EXPLAIN "
        until = now if store.dialect.name == "postgresql" else str(now)
        plan = "\n".join(map(str, session.execute(text(explain + query), {"until": until})))
    assert "ix_tickets_state_due_at" in plan


def test_the_worker_has_a_job_for_notices_and_one_for_provisional_deadlines(store: Engine) -> None:
    Late(store).dispatched("2026-09-07 10:00")
    Late(store).dispatched("2026-12-22 10:00", deadline_class="complex")
    passed: list[int] = []
    job = notices(RULES, lambda _s, made: passed.extend(row.level for row in made))
    assert [job(store, LONG_AFTER), job(store, LONG_AFTER)] == [5, 0]
    assert passed == [2, 3, 4, 5, 6]
    with writing(store) as session:
        publish_year(session, 2027, because="notice", by="chen", at=LONG_AFTER)
    again = provisional_deadlines(RULES)
    assert [again(store, LONG_AFTER), again(store, LONG_AFTER)] == [1, 0]

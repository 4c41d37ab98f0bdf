"""Notices of late tickets, as a supervisor reads them at a real desk."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from db.deadlines import order_with_deadline
from db.supervision import make_notices
from desk.context import Desk
from tests.integration.desk.people import Site, dispatched, ok, refusal
from tickets.deadline_rules import parse_deadlines

FILE = Path(__file__).parents[3] / "config" / "deadlines.toml"
RULES = parse_deadlines(FILE.read_bytes(), FILE.name)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """It gives a dispatch its deadline."""

    def apply(session, ticket_id, order):
        return order_with_deadline(session, ticket_id, order, RULES)

    return replace(desk, apply=apply)


def test_who_supervises_reads_what_is_late(site: Site, numbers: Callable[[int], list[str]]) -> None:
    [number, sealed] = numbers(2)
    version = dispatched(site, sealed, "power")
    ok(site.browser("wang").move(sealed, "seal", version, "a witness", sealed=True))
    dispatched(site, number, "water")
    late = (site.desk.now() + timedelta(days=40)).replace(hour=2)
    assert make_notices(site.desk.engine, late, RULES) > 0
    chen, leader = site.browser("chen"), site.browser("zhou")
    told = ok(chen.get("/supervision"))
    assert {each["ticket"] for each in told} == {number, sealed}
    assert {each["to"] for each in told} >= {"unit", "leader", "leaders-meeting"}
    assert all(number in each["zh"] for each in told if each["ticket"] == number)
    assert {each["kind"] for each in ok(chen.get("/supervision", kind="notice"))} == {"notice"}
    (meeting,) = {each["meeting_on"] for each in told if each["to"] == "leaders-meeting"}
    assert len(ok(chen.get("/supervision", meeting=meeting))) == 2
    assert {each["ticket"] for each in ok(leader.get("/supervision"))} == {number}
    for name in ("wang", "li", "he", "zhao"):
        assert refusal(site.browser(name).get("/supervision")) == (403, "not-allowed")

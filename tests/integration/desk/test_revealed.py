"""Callers' numbers at a real desk: masked, and shown whole for a reason."""

import json
from collections.abc import Callable

from sqlalchemy import insert, update

from db.engine import writing
from db.models import CallRow, TicketRow
from tests.integration.desk.people import T0, Site, ok, refusal

NUMBER = "13800000001"
Numbers = Callable[[int], list[str]]


def test_a_number_is_masked_wherever_a_ticket_is_shown(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    wang = site.browser("wang")
    shown = [
        wang.get("/tickets"),
        wang.get(f"/tickets/{number}"),
        wang.get(f"/tickets/{number}/history"),
        wang.move(number, "edit", 2, caller="13912345678"),
        wang.move(number, "edit", 2, title="stale"),
    ]
    for answer in shown:
        assert "****" in answer.text
        assert NUMBER not in answer.text
        assert "13912345678" not in answer.text
    assert NUMBER not in json.dumps(site.details())


def test_a_whole_number_needs_a_reason_and_is_audited(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    wang = site.browser("wang")
    for reason in ({}, {"reason": ""}, {"reason": " \n"}):
        assert refusal(wang.post(f"/tickets/{number}/reveal", reason)) == (422, "missing")
    answer = ok(wang.post(f"/tickets/{number}/reveal", {"reason": "to ask for the house"}))
    assert answer == {"caller": NUMBER}
    assert site.audited()[0] == ("wang", "ticket.reveal", number, "done")
    assert json.loads(site.details()[0]) == {"live": False, "reason": "to ask for the house"}
    assert NUMBER not in json.dumps(site.details())


def test_who_has_the_caller_on_his_line_needs_no_reason(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    wang, liu = site.browser("wang"), site.browser("liu")
    ok(wang.move(number, "claim", 2, responsible="wang"))
    with writing(site.desk.engine) as session:
        session.execute(insert(CallRow).values(call_id="c1", node="n1", seat="7001"))
        session.execute(update(TicketRow).values(call_id="c1", version=TicketRow.version + 1))
    path = f"/tickets/{number}/reveal"
    assert ok(wang.post(path)) == {"caller": NUMBER}
    assert json.loads(site.details()[0]) == {"live": True, "reason": ""}
    assert refusal(liu.post(path)) == (422, "missing")
    with writing(site.desk.engine) as session:
        session.execute(update(CallRow).values(seat="7002"))
    for browser in (wang, liu):  # at another seat, or not the one who answers for it
        assert refusal(browser.post(path)) == (422, "missing")
    with writing(site.desk.engine) as session:
        session.execute(update(CallRow).values(seat="7001", ended_at=T0))
    assert refusal(wang.post(path)) == (422, "missing")


def test_a_withheld_number_is_said_to_be_unknown(site: Site) -> None:
    wang = site.browser("wang")
    number = ok(wang.post("/tickets", {"source": "grid"}))["number"]
    answer = wang.post(f"/tickets/{number}/reveal", {"reason": "to ask"})
    assert refusal(answer) == (404, "no-number")

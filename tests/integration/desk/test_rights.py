"""Who sees and touches which ticket at a real desk."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from db.engine import writing
from db.models import CallStepRow, TicketRow
from desk import work
from scripts.chaos.findings import Finding
from tests.integration.desk.people import T0, Site, dispatched, ok, refusal

NUMBER = "13800000001"
Numbers = Callable[[int], list[str]]


@pytest.mark.fault("B40", how="a handler of the water works asks for the power works' ticket")
def test_a_handler_sees_and_touches_his_units_tickets_only(
    site: Site, numbers: Numbers, told: Finding
) -> None:
    [his, others] = numbers(2)
    dispatched(site, his, "water")
    version = dispatched(site, others, "power")
    li = site.browser("li")
    assert [each["number"] for each in ok(li.get("/tickets"))["items"]] == [his]
    asked = [
        li.get(f"/tickets/{others}"),
        li.get(f"/tickets/{others}/history"),
        li.get(f"/tickets/{others}/moves"),
        li.move(others, "accept", version),
        li.post(f"/tickets/{others}/reveal", {"reason": "curious"}),
    ]
    assert {refusal(answer) for answer in asked} == {(403, "not-yours")}
    noted = [row for row in site.audited() if row[3] == "refused"]
    assert [(by, subject) for by, _, subject, _ in noted] == [("li", others)] * 5
    assert ok(site.browser("wang").get(f"/tickets/{others}"))["version"] == version
    told.caller.append("403 five times: read, history, moves, a move, the number")
    told.records.append("each refusal is in the audit, the ticket is as it was")


@pytest.mark.control("B40", without="the look at whose it is")
def test_control_without_it_a_handler_reads_what_is_not_his(
    site: Site, numbers: Numbers, monkeypatch: pytest.MonkeyPatch, told: Finding
) -> None:
    [others] = numbers(1)
    dispatched(site, others, "power")
    monkeypatch.setattr(work, "may_see", lambda *_, **__: True)
    assert ok(site.browser("li").get(f"/tickets/{others}"))["number"] == others
    told.caller.append("he reads it")


def test_a_sealed_ticket_is_for_its_person_its_unit_and_supervisors(
    site: Site, numbers: Numbers
) -> None:
    [number] = numbers(1)
    version = dispatched(site, number)
    ok(site.browser("wang").move(number, "seal", version, "a witness", sealed=True))
    allowed = {
        name: site.browser(name).get(f"/tickets/{number}").status_code
        for name in ("wang", "liu", "li", "sun", "chen", "zhou", "he", "zhao", "wu")
    }
    assert {name for name, status in allowed.items() if status == 200} == {"wang", "li", "chen"}
    assert set(allowed.values()) == {200, 403}
    listed = {
        name: len(ok(site.browser(name).get("/tickets"))["items"])
        for name in ("wang", "liu", "li", "sun", "chen", "zhou", "wu")
    }
    assert {name for name, count in listed.items() if count} == {"wang", "li", "chen"}
    refused = site.browser("liu").move(number, "edit", version + 1, title="x")
    assert refusal(refused) == (403, "not-yours")


def test_leaders_and_auditors_read_and_change_nothing(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    for name in ("zhou", "wu"):
        reader = site.browser(name)
        version = ok(reader.get(f"/tickets/{number}"))["version"]
        assert ok(reader.get(f"/tickets/{number}/moves")) == []
        refused = reader.move(number, "edit", version, title="x")
        assert refusal(refused) == (403, "not-allowed")
        assert refusal(reader.post("/tickets", {"caller": NUMBER})) == (403, "not-yours")
        reveal = reader.post(f"/tickets/{number}/reveal", {"reason": "to know"})
        assert refusal(reveal) == (403, "not-yours")


def test_a_call_taker_reads_the_tickets_of_his_own_calls(site: Site, numbers: Numbers) -> None:
    [his, others] = numbers(2)
    with writing(site.desk.engine) as session:
        for number, member in ((his, "8001"), (others, "8002")):
            session.execute(
                update(TicketRow)
                .where(TicketRow.number == number)
                .values(call_id=f"c-{member}", version=TicketRow.version + 1)
            )
            session.add(
                CallStepRow(
                    event_id=member, node="n1", leg="1", call_id=f"c-{member}", kind="seat",
                    at=T0, data={"member": member},
                )
            )  # fmt: skip
    he = site.browser("he")
    assert he.get(f"/tickets/{his}").status_code == 200
    assert refusal(he.get(f"/tickets/{others}")) == (403, "not-yours")
    assert refusal(he.get("/tickets")) == (403, "not-allowed")
    assert refusal(site.browser("zhao").get("/tickets")) == (403, "not-allowed")

"""Tickets over the API of a real desk, by people of every role."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, update

from db.audit_log import verify
from db.engine import reading, writing
from db.models import CallRow, CallStepRow, TicketRow
from desk import work
from desk.problems import URN
from tests.integration.desk.people import T0, Site

NUMBER = "13800000001"
Numbers = Callable[[int], list[str]]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["type"]).removeprefix(URN)


def ok(answer: httpx.Response) -> Any:  # noqa: ANN401  whatever the answer holds
    assert answer.is_success, answer.text
    return answer.json()


def dispatched(site: Site, number: str, unit: str = "water") -> int:
    """Its version then."""
    wang = site.browser("wang")
    version: int = ok(wang.get(f"/tickets/{number}"))["version"]
    given: dict[str, dict[str, str]] = {
        "claim": {"responsible": "wang"},
        "screen": {"matter": "0101", "request": "A pipe has burst"},
        "dispatch": {"unit": unit},
    }
    for move, fields in given.items():
        version = ok(wang.move(number, move, version, **fields))["version"]
    return version


def test_a_ticket_is_worked_on_from_the_counter_to_solved(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    li, wang = site.browser("li"), site.browser("wang")
    version = dispatched(site, number)
    offered = {each["move"]: each for each in li.get(f"/tickets/{number}/moves").json()}
    assert set(offered) == {"accept", "object"}
    assert offered["object"]["because"]
    version = ok(li.move(number, "accept", version))["version"]
    version = ok(
        li.move(number, "ask-extension", version, "parts", extension_to="2026-11-30T17:00:00+08:00")
    )["version"]
    version = ok(site.browser("chen").move(number, "deny", version, "no"))["version"]
    answer = ok(li.move(number, "solve", version, result="Mended"))
    assert (answer["state"], answer["changed_by"]) == ("solved", "li")
    told = wang.get(f"/tickets/{number}/history").json()
    assert [event["move"] for event in told] == [
        "open", "edit", "claim", "screen", "dispatch", "accept", "ask-extension", "deny", "solve",
    ]  # fmt: skip
    assert told[6]["record"]["extension_to"] == "2026-11-30T17:00:00+08:00"
    assert told[6]["record"]["sealed"] is False
    done = [row for row in site.audited() if row[1].startswith("ticket.") and row[3] == "done"]
    assert [(by, action) for by, action, subject, _ in done if subject == number][::-1] == [
        ("wang", "ticket.open"), ("wang", "ticket.claim"), ("wang", "ticket.screen"),
        ("wang", "ticket.dispatch"), ("li", "ticket.accept"), ("li", "ticket.ask-extension"),
        ("chen", "ticket.deny"), ("li", "ticket.solve"),
    ]  # fmt: skip
    with reading(site.desk.engine) as session:
        assert verify(session, site.desk.heads.read()).holds


def test_a_list_is_read_page_by_page(site: Site, numbers: Numbers) -> None:
    made = numbers(7)
    wang, seen, after = site.browser("wang"), [], None
    while True:
        query = {"limit": 3} | ({"after": after} if after else {})
        page = ok(wang.get("/tickets", **query))
        seen += [each["number"] for each in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == made[::-1]
    assert refusal(wang.get("/tickets", after="xyz")) == (422, "invalid")
    found = ok(wang.get("/tickets", text="t3", state="new"))["items"]
    assert [each["title"] for each in found] == ["t3"]
    assert ok(wang.get("/tickets", text="%"))["items"] == []
    assert len(ok(wang.get("/tickets", caller=NUMBER))["items"]) == 7
    assert ok(wang.get("/tickets", caller="13900000000"))["items"] == []


def test_a_handler_sees_and_touches_his_units_tickets_only(site: Site, numbers: Numbers) -> None:
    """B40."""
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


@pytest.mark.control("B40", without="the look at whose it is")
def test_control_without_it_a_handler_reads_what_is_not_his(
    site: Site, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    [others] = numbers(1)
    dispatched(site, others, "power")
    monkeypatch.setattr(work, "may_see", lambda *_, **__: True)
    assert ok(site.browser("li").get(f"/tickets/{others}"))["number"] == others


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


def test_each_refusal_of_a_move_has_its_own_answer(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    wang, version = site.browser("wang"), 2
    asked = {
        "dance": (wang.move(number, "dance", version), (422, "unknown-move")),
        "accept": (wang.move(number, "accept", version), (403, "not-allowed")),
        "close": (wang.move(number, "close", version), (409, "wrong-state")),
        "screen": (wang.move(number, "screen", version), (422, "missing")),
        "withdraw": (wang.move(number, "withdraw", version), (422, "missing")),
        "time": (wang.move(number, "dispatch", version, due_at="tomorrow"), (422, "missing")),
        "join": (wang.move(number, "join", version, "same", joined_to="x"), (422, "missing")),
        "id": (wang.move(number, "join", version, "same", joined_to=1), (422, "missing")),
        "field": (wang.move(number, "edit", version, state="closed"), (422, "missing")),
        "unknown": (wang.move("20200101-000001", "edit", version), (404, "ticket-unknown")),
    }
    for name, (answer, says) in asked.items():
        assert refusal(answer) == says, name
    assert [row[3] for row in site.audited()[: len(asked)]] == ["refused"] * len(asked)
    assert ok(wang.get(f"/tickets/{number}"))["version"] == version


def test_a_solved_ticket_is_not_closed_without_a_call_back(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    version = dispatched(site, number)
    version = ok(site.browser("li").move(number, "accept", version))["version"]
    version = ok(site.browser("li").move(number, "solve", version, result="Mended"))["version"]
    refused = site.browser("wang").move(number, "close", version)
    assert refusal(refused) == (409, "no-call-back")


def test_a_ticket_is_joined_by_number(site: Site, numbers: Numbers) -> None:
    [first, second] = numbers(2)
    wang = site.browser("wang")
    joined = ok(wang.move(second, "join", 2, "the same pipe", joined_to=first))
    assert (joined["state"], joined["joined_to"]) == ("joined", first)


def test_a_stale_edit_is_answered_with_both_texts(site: Site, numbers: Numbers) -> None:
    """B41."""
    [number] = numbers(1)
    ok(site.browser("liu").move(number, "edit", 2, request="what liu wrote"))
    answer = site.browser("wang").move(number, "edit", 2, request="what wang wrote")
    assert refusal(answer) == (409, "stale")
    body = answer.json()
    assert body["yours"]["given"] == {"request": "what wang wrote"}
    assert (body["now"]["request"], body["now"]["version"]) == ("what liu wrote", 3)
    assert NUMBER not in answer.text


def test_of_two_at_once_one_is_stale(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    both = [site.browser(name) for name in ("wang", "liu")]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda b: b.move(number, "edit", 2, title="mine"), both))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


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


@pytest.mark.parametrize(
    "body",
    [
        {"source": "call"},
        {"source": "moon"},
        {"caller": "138 0000"},
        {"caller": "138\n"},
        {"given": {"state": "closed"}},
        {"given": {"title": 1}},
        {"given": {"caller_sex": "x"}},
        {"given": []},
        {"state": "closed"},
    ],
)
def test_an_odd_new_ticket_is_refused_and_not_opened(site: Site, body: dict[str, Any]) -> None:
    wang = site.browser("wang")
    assert wang.post("/tickets", body).status_code == 422
    assert ok(wang.get("/tickets"))["items"] == []


def test_what_citizens_wrote_comes_back_as_they_wrote_it(site: Site) -> None:
    wang = site.browser("wang")
    text = "<script>alert(1)</script> ' \" 水管爆了 😀"
    made = ok(wang.post("/tickets", {"given": {"request": text}}))
    assert made["request"] == text
    answer = wang.get(f"/tickets/{made['number']}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_change_over_the_api_leaves_a_row(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    wang = site.browser("wang")
    before = len(site.audited())
    ok(wang.move(number, "edit", 2, title="x"))
    ok(wang.post(f"/tickets/{number}/reveal", {"reason": "to ask"}))
    ok(wang.post("/tickets", {}))
    wang.send("DELETE", "/session")
    assert [row[1] for row in site.audited()[: len(site.audited()) - before]][::-1] == [
        "ticket.edit", "ticket.reveal", "ticket.open", "sign-out",
    ]  # fmt: skip


def test_reading_takes_no_write_lock(site: Site, numbers: Numbers) -> None:
    """A page that is looked at must not wait for the forwarder, nor it for the page."""
    [number] = numbers(1)
    wang = site.browser("wang")
    with writing(site.desk.engine) as session:
        session.execute(update(CallRow).values(seat="x"))
        assert wang.get(f"/tickets/{number}").status_code == 200
        assert wang.get("/tickets").status_code == 200

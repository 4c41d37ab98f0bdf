"""Tickets over the API of a real desk, by people of every role."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import update

from db.audit_log import verify
from db.engine import reading, writing
from db.models import CallRow
from scripts.chaos.findings import Finding
from tests.integration.desk.people import Site, dispatched, ok, refusal

NUMBER = "13800000001"
Numbers = Callable[[int], list[str]]


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


@pytest.mark.fault("B41", how="two people edit the same version")
def test_a_stale_edit_is_answered_with_both_texts(
    site: Site, numbers: Numbers, told: Finding
) -> None:
    [number] = numbers(1)
    ok(site.browser("liu").move(number, "edit", 2, request="what liu wrote"))
    answer = site.browser("wang").move(number, "edit", 2, request="what wang wrote")
    assert refusal(answer) == (409, "stale")
    body = answer.json()
    assert body["yours"]["given"] == {"request": "what wang wrote"}
    assert (body["now"]["request"], body["now"]["version"]) == ("what liu wrote", 3)
    assert NUMBER not in answer.text
    told.caller.append("409 with his text and the other's")
    told.records.append("the first one's text stands")


def test_of_two_at_once_one_is_stale(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    both = [site.browser(name) for name in ("wang", "liu")]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda b: b.move(number, "edit", 2, title="mine"), both))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


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

"""The page behind a signed link, over a real web server."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from db.engine import reading
from db.models import TicketRow, UnitAnswerRow
from db.ticket_moves import history
from desk import answer_page
from desk.answer_page import LONGEST_FORM, answer_router
from dispatch.mail import Mailer, MailServer
from dispatch.sending import AnswerPage, SendDue, SendingRules
from scripts.chaos.findings import Finding
from scripts.lab.waiting import wait_until
from tests.integration.store.at_the_unit import Receiver
from tests.integration.store.dispatched import SUPERVISOR, Desk
from tickets.signed_links import link_for, signed

SECRET = b"the tests' secret of links"


@pytest.fixture
def desk(store: Engine) -> Desk:
    return Desk(store)


@pytest.fixture
def site(desk: Desk) -> Iterator[httpx.Client]:
    app = FastAPI()
    app.include_router(answer_router(desk.engine, SECRET, lambda: desk.at))
    config = uvicorn.Config(app, "127.0.0.1", 0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, "the web server", 20)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield client
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def ticket(desk: Desk) -> TicketRow:
    return desk.dispatched(title="<script>alert(1)</script>", request="漏水 & 停水")


def path_of(ticket: TicketRow) -> str:
    assert ticket.unit
    assert ticket.dispatched_at
    link = link_for(ticket.id, ticket.version, ticket.unit, made_at=ticket.dispatched_at, days=30)
    return f"/answer/{signed(link, SECRET)}"


def test_a_unit_answers_by_the_link_that_its_mail_brought(
    desk: Desk, site: httpx.Client, tmp_path: Path
) -> None:
    """From the dispatch to the history: a real mail server, and the page over HTTP."""
    post = Receiver("mail", tmp_path / "post")
    post.start()
    try:
        desk.contact("email", "water@city.example")
        ticket = desk.dispatched()
        server = MailServer("127.0.0.1", post.port, "l110@city.example", starttls=False)
        page = AnswerPage(f"{site.base_url}/answer/", SECRET, 30)
        senders = {"email": Mailer(server)}
        assert SendDue(senders, SendingRules(), by="w1", page=page)(desk.engine, desk.at) == 1
    finally:
        post.kill()
    (text,) = post.texts
    (link,) = [line for line in text.split() if line.startswith("http")]
    assert "A pipe has burst" in site.get(link).text
    assert site.post(link, data={"kind": "accept"}).is_success
    with reading(desk.engine) as session:
        last = history(session, ticket.id)[-1]
    assert (last.move, last.by) == ("accept", "link:water")


def now(desk: Desk, ticket: TicketRow) -> TicketRow:
    with reading(desk.engine) as session:
        return session.get_one(TicketRow, ticket.id)


@pytest.mark.fault("B37", how="a ticket titled <script>, opened by the link of its dispatch")
def test_to_open_the_link_shows_the_ticket_and_changes_nothing(
    desk: Desk, site: httpx.Client, ticket: TicketRow, told: Finding
) -> None:
    for method in ("GET", "GET", "HEAD"):
        shown = site.request(method, path_of(ticket))
    shown = site.get(path_of(ticket))
    assert shown.status_code == 200
    assert "漏水 &amp; 停水" in shown.text
    assert "<script>" not in shown.text
    assert shown.text.count("<button") == 3
    assert now(desk, ticket).version == ticket.version
    told.caller.append("the unit reads it as text; the page's policy allows no script at all")


@pytest.mark.control("B37", without="the escape")
def test_control_without_the_escape_the_script_stands_in_the_page(
    site: httpx.Client, ticket: TicketRow, monkeypatch: pytest.MonkeyPatch, told: Finding
) -> None:
    monkeypatch.setattr(answer_page, "escape", str)
    assert "<script>alert(1)</script>" in site.get(path_of(ticket)).text
    told.caller.append("the script stands in the page, and its policy alone holds it")


def test_what_the_form_says_is_applied_and_again_it_is_not(
    desk: Desk, site: httpx.Client, ticket: TicketRow
) -> None:
    form = {"kind": "solve", "said": "  已修好👷  "}
    first, second = site.post(path_of(ticket), data=form), site.post(path_of(ticket), data=form)
    assert (first.status_code, "Done." in first.text) == (200, True)
    assert (second.status_code, "nothing was changed" in second.text) == (200, True)
    after = now(desk, ticket)
    assert (after.state, after.result, after.version) == ("solved", "已修好👷", ticket.version + 2)
    assert "<button" not in site.get(path_of(ticket)).text


def test_an_objection_without_words_is_refused_and_may_be_sent_again(
    desk: Desk, site: httpx.Client, ticket: TicketRow
) -> None:
    refused = site.post(path_of(ticket), data={"kind": "object", "said": "  "})
    assert (refused.status_code, "needs a reason" in refused.text) == (409, True)
    assert site.post(path_of(ticket), data={"kind": "object", "said": "no\0t ours"}).is_success
    assert now(desk, ticket).because == "not ours"


def test_a_changed_link_is_refused_in_clear_words(
    desk: Desk, site: httpx.Client, ticket: TicketRow
) -> None:
    path = path_of(ticket)
    for wrong in (path[:-2], path[:-1] + ("A" if path[-1] != "A" else "E"), "/answer/x"):
        for said in (site.get(wrong), site.post(wrong, data={"kind": "accept"})):
            assert (said.status_code, "open it from the mail again" in said.text) == (404, True)
    assert now(desk, ticket).version == ticket.version


def test_an_old_link_and_a_recalled_one_are_gone(
    desk: Desk, site: httpx.Client, ticket: TicketRow
) -> None:
    desk.move(ticket.id, "recall", SUPERVISOR, "another unit")
    over = site.post(path_of(ticket), data={"kind": "accept"})
    assert (over.status_code, "its link is over" in over.text) == (410, True)
    desk.at += timedelta(days=31)
    old = site.post(path_of(ticket), data={"kind": "accept"})
    assert (old.status_code, "sign in instead" in old.text) == (410, True)
    with reading(desk.engine) as session:
        assert session.query(UnitAnswerRow).count() == 0


def test_a_form_that_is_none_shows_the_page_again(site: httpx.Client, ticket: TicketRow) -> None:
    many = "&".join(f"a{n}=1" for n in range(50))
    for body in (b"", b"\xff\xfe", b"kind=burn", many.encode()):
        shown = site.post(path_of(ticket), content=body)
        assert (shown.status_code, shown.text.count("<button")) == (200, 3)


def test_a_form_without_end_is_refused(site: httpx.Client, ticket: TicketRow) -> None:
    body = b"kind=accept&said=" + b"x" * (LONGEST_FORM + 1)
    assert site.post(path_of(ticket), content=body).status_code == 413


def test_the_address_goes_to_nobody_else(site: httpx.Client, ticket: TicketRow) -> None:
    headers = site.get(path_of(ticket)).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]

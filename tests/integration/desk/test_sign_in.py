"""Signing in at a real desk: cookies, tokens, locks, and what every request must keep to."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from db.engine import writing
from db.users import disable_user, reset_user
from desk.app import create_app
from desk.context import Desk
from desk.security import codes
from desk.security.passwords import a_place, hash_password
from desk.security.visitors import CSRF, Visitor, visitor
from desk.security.visitors import _found as found_behind
from scripts.chaos.findings import Finding
from tests.integration.desk.people import (
    PASSWORD,
    SALT,
    T0,
    Browser,
    Clock,
    Site,
    refusal,
    serving,
)

PAGES = {"/healthz", "/readyz"}


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path.replace("{number}", "20261123-000001")


def test_who_signs_in_gets_a_cookie_that_no_script_and_no_other_site_reads(site: Site) -> None:
    browser = site.stranger()
    answer = browser.sign_in("wang")
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("l110=")
    for word in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert word in cookie
    assert "Secure" not in cookie
    me = browser.get("/me").json()
    assert (me["name"], me["roles"], me["seat"]) == ("wang", ["operator"], "7001")
    assert me["csrf"] == answer.json()["csrf"]


def test_over_https_the_cookie_goes_over_nothing_else(desk: Desk) -> None:
    with serving(create_app(replace(desk, https=True))) as url:
        browser = Browser(url)
        answer = browser.sign_in("wang")
        browser.http.close()
    assert answer.headers["set-cookie"].startswith("__Host-l110=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_who_signs_out_is_out(site: Site) -> None:
    browser = site.browser("wang")
    token = dict(browser.http.cookies)
    assert browser.send("DELETE", "/session").status_code == 204
    browser.http.cookies.update(token)
    assert refusal(browser.get("/me")) == (401, "signed-out")
    assert site.audited()[0] == ("wang", "sign-out", "wang", "done")


def test_one_answer_for_every_wrong_sign_in_and_all_are_audited(site: Site) -> None:
    answers = [
        site.stranger().sign_in("wang", "wrong password"),
        site.stranger().sign_in("nobody"),
        site.stranger().sign_in("zhao"),
    ]
    assert {refusal(answer) for answer in answers} == {(401, "sign-in")}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert [row[1:] for row in site.audited()] == [
        ("sign-in", name, "refused") for name in ("zhao", "nobody", "wang")
    ]


def test_five_failures_lock_for_fifteen_minutes(site: Site, clock: Clock) -> None:
    for _ in range(5):
        site.stranger().sign_in("wang", "wrong password")
    assert site.stranger().sign_in("wang").status_code == 401
    clock.pass_by(minutes=15)
    assert site.stranger().sign_in("wang").status_code == 201


def test_a_flood_of_sign_ins_is_told_to_wait_and_holds_up_nobody(site: Site) -> None:
    wang = site.browser("wang")
    with ExitStack() as held:
        for _ in range(5):
            held.enter_context(a_place())
        for _ in range(6):
            assert refusal(site.stranger().sign_in("liu")) == (429, "busy")
        assert wang.get("/me").status_code == 200
    assert site.stranger().sign_in("liu").status_code == 201, "none of those counted"


def test_fifteen_minutes_idle_end_it_and_each_request_begins_them_anew(
    site: Site, clock: Clock
) -> None:
    browser = site.browser("wang")
    for _ in range(3):
        clock.pass_by(minutes=14)
        assert browser.get("/me").status_code == 200
    clock.pass_by(minutes=15, seconds=1)
    assert refusal(browser.get("/me")) == (401, "signed-out")


def test_who_is_disabled_is_out_with_the_next_request(site: Site) -> None:
    browser = site.browser("wang")
    with writing(site.desk.engine) as session:
        disable_user(session, "wang", T0)
    assert refusal(browser.get("/me")) == (401, "signed-out")


def test_a_password_that_was_given_opens_only_the_choice_of_another(site: Site) -> None:
    with writing(site.desk.engine) as session:
        reset_user(session, "wang", hash_password("given by the admin"), T0)
    browser = site.stranger()
    assert browser.sign_in("wang", "given by the admin").json()["choose_password"]
    assert refusal(browser.get("/tickets")) == (403, "choose-password")
    given = {"old": "given by the admin", "new": "short"}
    refused = browser.send("PUT", "/me/password", json=given)
    assert refusal(refused) == (422, "invalid")
    wrong = browser.send("PUT", "/me/password", json={"old": "x", "new": "my own password"})
    assert refusal(wrong) == (403, "sign-in")
    given["new"] = "my own password"
    assert browser.send("PUT", "/me/password", json=given).status_code == 204
    assert browser.get("/tickets").status_code == 200
    assert ("wang", "password", "wang", "done") in site.audited()


def test_an_admin_needs_a_code_which_serves_once(site: Site) -> None:
    code = codes.code(b"key", SALT, T0)
    assert site.stranger().sign_in("zhao").status_code == 401
    assert site.stranger().sign_in("zhao", code=code).status_code == 201
    assert site.stranger().sign_in("zhao", code=code).status_code == 401


def test_nothing_is_open_to_strangers_but_the_sign_in(site: Site) -> None:
    stranger = site.stranger()
    asked = [each for each in routes(create_app(site.desk)) if each[1] not in PAGES]
    assert len(asked) >= 10
    for method, path in asked:
        if (method, path) == ("POST", "/api/v1/session"):
            continue
        body: dict[str, Any] = {"json": {}} if method in ("POST", "PUT") else {}
        assert refusal(stranger.http.request(method, path, **body)) == (401, "signed-out"), path


@pytest.mark.fault("B39", how="every request that changes something, with the cookie alone")
@pytest.mark.parametrize("token", [None, "", "x", "ü"])
def test_without_the_token_nothing_is_changed_and_the_try_is_audited(
    site: Site, token: str | None, told: Finding
) -> None:
    browser = site.browser("wang")
    unsafe = [
        (method, path)
        for method, path in routes(create_app(site.desk))
        if method != "GET" and (method, path) != ("POST", "/api/v1/session")
    ]
    assert len(unsafe) >= 5
    headers = [] if token is None else [(CSRF.encode(), token.encode())]
    for method, path in unsafe:
        body: dict[str, Any] = {"json": {}} if method in ("POST", "PUT") else {}
        answer = browser.http.request(method, path, headers=headers, **body)
        assert refusal(answer) == (403, "csrf"), path
        assert site.audited()[0][0] == "wang"
        assert site.audited()[0][3] == "refused"
    assert browser.get("/me").status_code == 200
    told.caller.append(f"403 for each of {len(unsafe)} with {token!r}")
    told.records.append("each try is in the audit")


@pytest.mark.control("B39", without="the token")
def test_control_without_the_check_another_sites_form_would_sign_him_out(
    desk: Desk, told: Finding
) -> None:
    app = create_app(desk)

    def unguarded(request: httpx.Request) -> Visitor:
        found = found_behind(request)  # type: ignore[arg-type]
        assert found is not None
        return Visitor(found[0], "", "")

    unguarded.__annotations__["request"] = visitor.__annotations__["request"]
    app.dependency_overrides[visitor] = unguarded
    with serving(app) as url:
        browser = Browser(url)
        browser.sign_in("wang")
        assert browser.http.delete("/api/v1/session").status_code == 204
        browser.http.close()
    told.caller.append("he was signed out")


def test_a_sign_in_from_another_sites_page_is_refused(site: Site) -> None:
    given = {"name": "wang", "password": PASSWORD}
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = site.stranger().http.post("/api/v1/session", json=given, headers=headers)
    assert refusal(answer) == (403, "csrf")

"""Signing in at a real desk: cookies, tokens, locks, and what every request must keep to."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from db.engine import writing
from db.users import disable_user, reset_user
from desk.app import create_app
from desk.context import Desk
from desk.problems import URN
from desk.security import codes
from desk.security.limits import DEEPEST, LARGEST
from desk.security.passwords import hash_password
from desk.security.visitors import CSRF, Visitor, visitor
from desk.security.visitors import _found as found_behind
from tests.integration.desk.people import PASSWORD, SALT, T0, Browser, Clock, Site, serving

PAGES = {"/healthz", "/readyz"}


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path.replace("{number}", "20261123-000001")


def kind(answer: httpx.Response) -> str:
    """Of the problem, whose shape is RFC 9457's."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= body.keys()
    assert body["status"] == answer.status_code
    return str(body["type"]).removeprefix(URN)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, kind(answer)


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


@pytest.mark.parametrize("token", [None, "", "x", "ü"])
def test_without_the_token_nothing_is_changed_and_the_try_is_audited(
    site: Site, token: str | None
) -> None:
    """B39."""
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


@pytest.mark.control(without="the token")
def test_control_without_the_check_another_sites_form_would_sign_him_out(desk: Desk) -> None:
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


def test_a_sign_in_from_another_sites_page_is_refused(site: Site) -> None:
    given = {"name": "wang", "password": PASSWORD}
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = site.stranger().http.post("/api/v1/session", json=given, headers=headers)
    assert refusal(answer) == (403, "csrf")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"name": "\xd5\xc5"}', (400, "bad-utf-8")),
        (b"[" * 100_000 + b"]" * 100_000, (400, "too-deep")),
        (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), (400, "too-deep")),
        (b'"' + b"x" * LARGEST + b'"', (413, "too-large")),
        (b'"' + b"x" * 5_000_000 + b'"', (413, "too-large")),
        (b'{"name": "wang"', (400, "bad-json")),
        (b'{"name": "\\ud800", "password": "x"}', (400, "bad-text")),
        (b'{"name": "\\u0000", "password": "x"}', (400, "bad-text")),
        (b'{"name": "wang", "password": 1}', (422, "invalid")),
        (b'{"name": "wang", "password": "x", "more": 1}', (422, "invalid")),
        (b"", (422, "invalid")),
    ],
)
def test_a_bad_body_is_refused_by_name_and_audited(
    site: Site, body: bytes, says: tuple[int, str]
) -> None:
    """B33-B35."""
    browser = site.stranger()
    answer = browser.http.post(
        "/api/v1/session", content=body, headers={"Content-Type": "application/json"}
    )
    assert refusal(answer) == says
    assert (site.audited()[0][0], site.audited()[0][3]) == ("-", "refused")
    assert site.browser("wang").get("/me").status_code == 200


def test_a_body_of_unknown_length_is_measured_while_it_comes(site: Site) -> None:
    pieces = (b'"' + b"x" * 65_536 for _ in range(40))
    answer = site.stranger().http.post(
        "/api/v1/session", content=pieces, headers={"Content-Type": "application/json"}
    )
    assert refusal(answer) == (413, "too-large")


def test_a_form_is_not_json(site: Site) -> None:
    answer = site.stranger().http.post("/api/v1/session", data={"name": "wang"})
    assert refusal(answer) == (415, "not-json")


@pytest.mark.parametrize(
    "path", ["/tickets/%ff", "/tickets/%00", "/tickets?text=%ff", "/tickets?text=a%00b"]
)
def test_an_address_that_is_no_text_is_refused(site: Site, path: str) -> None:
    assert refusal(site.browser("wang").http.get(f"/api/v1{path}")) == (400, "bad-address")


def test_a_refused_field_is_named_and_what_stood_in_it_is_not(site: Site) -> None:
    answer = site.stranger().http.post(
        "/api/v1/session", json={"name": "wang", "password": ["s3cret"]}
    )
    assert [each["at"] for each in answer.json()["errors"]] == ["body.password"]
    assert "s3cret" not in answer.text


def test_every_refusal_has_the_one_shape(site: Site) -> None:
    wang = site.browser("wang")
    assert refusal(wang.http.get("/nowhere")) == (404, "not-found")
    assert refusal(wang.get("/tickets/20261123-000001")) == (404, "ticket-unknown")
    answer = wang.send("DELETE", "/tickets")
    assert refusal(answer) == (405, "method")
    assert answer.headers["allow"]
    assert refusal(wang.get("/tickets", limit="many")) == (422, "invalid")


def test_a_fault_of_ours_is_said_so_and_tells_no_more(desk: Desk) -> None:
    app = create_app(desk)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the password is s3cret")

    with serving(app) as url, httpx.Client(base_url=url) as http:
        answer = http.get("/broken")
    assert refusal(answer) == (500, "fault")
    assert "s3cret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_store_that_is_away_is_said_so(site: Site) -> None:
    browser = site.browser("wang")
    engine = site.desk.engine
    assert browser.http.get("/readyz").json() == {"state": "ok"}
    with writing(engine) as session:
        session.connection().exec_driver_sql("ALTER TABLE users RENAME TO users_gone")
    assert refusal(browser.http.get("/readyz")) == (503, "store-away")
    assert browser.http.get("/healthz").json() == {"state": "ok"}


def test_every_answer_has_the_headers_that_browsers_keep_to(site: Site) -> None:
    wang = site.browser("wang")
    for answer in (wang.get("/me"), wang.http.get("/nowhere"), wang.http.get("/healthz")):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_the_api_describes_itself_in_openapi_3_1(site: Site) -> None:
    described = site.stranger().http.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert "application/problem+json" in operation["responses"]["4XX"]["content"]
    assert json.dumps(described)


def test_strangers_cannot_fill_the_audit(site: Site) -> None:
    before = len(site.audited())
    stranger = site.stranger()
    for _ in range(150):
        stranger.http.post("/nowhere")
    assert len(site.audited()) - before <= 121

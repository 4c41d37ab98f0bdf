"""What every request must keep to, and the one shape of every refusal."""

import httpx
import pytest
from starlette.types import Receive, Scope

from db.engine import writing
from desk.app import create_app
from desk.context import Desk
from desk.security import limits
from desk.security.limits import DEEPEST, LARGEST
from desk.security.refusals import Refusals
from scripts.chaos.findings import Finding
from tests.integration.desk.people import (
    Site,
    refusal,
    serving,
)


@pytest.mark.fault("B33", "B34", "B35", how="bodies past the client's own checks")
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
    site: Site, body: bytes, says: tuple[int, str], told: Finding
) -> None:
    browser = site.stranger()
    answer = browser.http.post(
        "/api/v1/session", content=body, headers={"Content-Type": "application/json"}
    )
    assert refusal(answer) == says
    assert (site.audited()[0][0], site.audited()[0][3]) == ("-", "refused")
    assert site.browser("wang").get("/me").status_code == 200
    told.caller.append(f"{len(body):,} bytes: {says[0]} {says[1]}")
    told.records.append("the refusal is in the audit")


@pytest.mark.control("B33", "B34", "B35", without="the look at a body before anybody reads it")
@pytest.mark.parametrize(
    "body", [b'{"name": "\xd5\xc5"}', b"[" * 100_000 + b"]" * 100_000, b'"' + b"x" * LARGEST + b'"']
)
def test_control_without_the_look_no_body_is_refused_for_what_it_is(
    site: Site, body: bytes, monkeypatch: pytest.MonkeyPatch, told: Finding
) -> None:
    async def unseen(_scope: Scope, receive: Receive) -> Receive:
        return receive

    monkeypatch.setattr(limits, "_checked_body", unseen)
    answer = site.stranger().http.post(
        "/api/v1/session", content=body, headers={"Content-Type": "application/json"}
    )
    kind = refusal(answer)
    assert kind[1] not in ("bad-utf-8", "too-deep", "too-large")
    told.caller.append(f"{len(body):,} bytes: {kind[0]} {kind[1]}")


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
    ways = described["components"]["securitySchemes"]
    assert (ways["session"]["name"], ways["csrf"]["name"]) == ("l110", "X-CSRF-Token")
    sign_in, move = (
        described["paths"][path]["post"]
        for path in ("/api/v1/session", "/api/v1/tickets/{number}/moves")
    )
    assert "security" not in sign_in
    assert move["security"] == [{"session": [], "csrf": []}]


def test_strangers_cannot_fill_the_audit(site: Site) -> None:
    now_s = [30.0]
    refusals = Refusals(site.desk, most_a_minute=5, monotonic=lambda: now_s[0])

    def audited(by: str) -> int:
        before = len(site.audited())
        for _ in range(20):
            refusals.note(by, "POST", "/nowhere", {}, "127.0.0.1")
        return len(site.audited()) - before

    assert (audited("-"), audited("-"), audited("wang")) == (5, 0, 20)
    now_s[0] += 60
    assert audited("-") == 5, "each minute has room anew"

"""People at their browsers, as a test drives them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from db.audit_log import entries
from db.engine import reading, writing
from db.users import NewUser, add_user
from desk.context import Desk
from desk.problems import URN
from desk.security import codes
from desk.security.passwords import hash_password
from desk.security.visitors import CSRF
from scripts.lab.waiting import wait_until
from tickets.people import WITH_CODES
from tickets.roles import Role

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
HASHED = hash_password(PASSWORD)
SALT = "5a17"
R = Role
PEOPLE: dict[str, tuple[frozenset[Role], frozenset[str], str | None]] = {
    "wang": (frozenset({R.OPERATOR}), frozenset(), "7001"),
    "liu": (frozenset({R.OPERATOR}), frozenset(), "7002"),
    "li": (frozenset({R.HANDLER}), frozenset({"water"}), None),
    "sun": (frozenset({R.HANDLER}), frozenset({"power"}), None),
    "chen": (frozenset({R.SUPERVISOR}), frozenset(), None),
    "zhou": (frozenset({R.LEADER}), frozenset(), None),
    "he": (frozenset({R.CALL_TAKER}), frozenset(), "8001"),
    "zhao": (frozenset({R.ADMIN}), frozenset(), None),
    "wu": (frozenset({R.AUDITOR}), frozenset(), None),
}


class Clock:
    def __init__(self) -> None:
        self.at = T0

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **duration: float) -> None:
        self.at += timedelta(**duration)


def add_people(desk: Desk) -> None:
    with writing(desk.engine) as session:
        for name, (roles, units, seat) in PEOPLE.items():
            salt = SALT if roles & WITH_CODES else None
            user = NewUser(name, name, roles, units, HASHED, seat, salt)
            add_user(session, user, T0, one_time=False)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """A real server in this process; its URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: server.started, "the desk", 10, alive=thread.is_alive)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


class Browser:
    """One person's. `csrf` is sent with whatever changes something."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=20)
        self.csrf = ""

    def sign_in(self, name: str, password: str = PASSWORD, code: str = "") -> httpx.Response:
        given = {"name": name, "password": password, "code": code}
        answer = self.http.post("/api/v1/session", json=given)
        if answer.is_success:
            self.csrf = answer.json()["csrf"]
        return answer

    def get(self, path: str, **query: Any) -> httpx.Response:  # noqa: ANN401
        return self.http.get(f"/api/v1{path}", params=query)

    def post(self, path: str, body: Any = None) -> httpx.Response:  # noqa: ANN401
        return self.send("POST", path, json={} if body is None else body)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        headers = {CSRF: self.csrf, **more.pop("headers", {})}
        return self.http.request(method, f"/api/v1{path}", headers=headers, **more)

    def move(
        self, number: str, move: str, version: int, because: str = "", **given: object
    ) -> httpx.Response:
        body = {"move": move, "version": version, "because": because, "given": given}
        return self.post(f"/tickets/{number}/moves", body)


class Site:
    def __init__(self, desk: Desk, url: str) -> None:
        self.desk = desk
        self.url = url
        self._browsers: dict[str, Browser] = {}

    def __enter__(self) -> "Site":
        self._all: list[Browser] = []
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for browser in self._all:
            browser.http.close()

    def stranger(self) -> Browser:
        browser = Browser(self.url)
        self._all.append(browser)
        return browser

    def browser(self, name: str) -> Browser:
        """Of a person who is signed in."""
        if name not in self._browsers:
            browser = self.stranger()
            code = ""
            if PEOPLE[name][0] & WITH_CODES:
                code = codes.code(self.desk.codes_key, SALT, self.desk.now())
            answer = browser.sign_in(name, code=code)
            assert answer.status_code == 201, answer.text
            self._browsers[name] = browser
        return self._browsers[name]

    def audited(self) -> list[tuple[str, str, str, str]]:
        """by, action, subject, outcome; newest first."""
        with reading(self.desk.engine) as session:
            return [(e.by, e.action, e.subject, e.outcome) for e in entries(session, 200)]

    def details(self) -> list[str]:
        with reading(self.desk.engine) as session:
            return [e.detail for e in entries(session, 200)]


def kind(answer: httpx.Response) -> str:
    """Of the problem, whose shape is RFC 9457's."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= body.keys()
    assert body["status"] == answer.status_code
    return str(body["type"]).removeprefix(URN)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, kind(answer)


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

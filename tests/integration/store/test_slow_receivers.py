"""A receiver that says a little each moment holds nobody longer than its time."""

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from dispatch.mail import Mailer, MailServer
from dispatch.outgoing import NotSent, Outgoing
from dispatch.webhook import Webhook

WITHIN_S = 1.0
EVERY_S = 0.2
AT_MOST_S = 6.0  # the machine may be busy
LONGER_S = 3 * WITHIN_S
MAIL = Outgoing("k1", "water", "water@city.example", "subject", "body")


class Trickler:
    """Takes one connection and says the same words again and again until it is closed."""

    def __init__(self, words: bytes) -> None:
        self._words, self._stop = words, threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        line, _ = self._server.accept()
        with line:
            while not self._stop.wait(EVERY_S):
                try:
                    line.sendall(self._words)
                except OSError:
                    return

    def close(self) -> None:
        self._stop.set()
        self._server.close()
        self._thread.join(5)


@pytest.fixture
def mail() -> Iterator[Trickler]:
    trickler = Trickler(b"220-wait\r\n")
    yield trickler
    trickler.close()


@pytest.fixture
def web() -> Iterator[Trickler]:
    trickler = Trickler(b"HTTP/1.1 100 Continue\r\n\r\n")
    yield trickler
    trickler.close()


def test_a_mail_server_that_never_ends_its_answer_is_left(mail: Trickler) -> None:
    server = MailServer("127.0.0.1", mail.port, "l110@city.example", False, within_s=WITHIN_S)
    began_s = time.monotonic()
    with pytest.raises(NotSent):
        Mailer(server)(MAIL)
    assert time.monotonic() - began_s < AT_MOST_S


def test_a_web_server_that_never_ends_its_answer_is_left(web: Trickler) -> None:
    to = Outgoing("k1", "water", f"http://127.0.0.1:{web.port}/", "", "{}")
    began_s = time.monotonic()
    with pytest.raises(NotSent, match="no answer within 1 s"):
        Webhook(b"m", WITHIN_S)(to)
    assert time.monotonic() - began_s < AT_MOST_S


@pytest.mark.control(without="the one deadline over the whole exchange")
def test_control_a_time_for_each_wait_alone_never_ends_it(web: Trickler) -> None:
    given_up = threading.Event()

    def post() -> None:
        try:
            httpx.post(f"http://127.0.0.1:{web.port}/", content=b"{}", timeout=WITHIN_S)
        except httpx.HTTPError:
            given_up.set()

    thread = threading.Thread(target=post, daemon=True)
    thread.start()
    assert not given_up.wait(LONGER_S)
    web.close()
    thread.join(10)

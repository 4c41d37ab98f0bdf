"""How the watch asks Asterisk's SIP, and what it takes for an answer."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from config.settings import load_settings
from scripts.lab.sip_message import answer_to, parse
from scripts.watch import sip

Answers = Callable[[int, bytes], bytes]


def ok(_: int, question: bytes) -> bytes:
    return answer_to(parse(question), "200 OK").encode()


class Port(asyncio.DatagramProtocol):
    """In Asterisk's place. `answers`: what it says to the nth question; empty: nothing."""

    def __init__(self, answers: Answers) -> None:
        self.answers, self.heard = answers, 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.line = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard += 1
        if said := self.answers(self.heard, data):
            self.line.sendto(said, addr)


async def asked(answers: Answers) -> tuple[str | None, int]:
    """What the watch makes of it, and how often it asked."""
    loop = asyncio.get_running_loop()
    line, port = await loop.create_datagram_endpoint(
        lambda: Port(answers), local_addr=("127.0.0.1", 0)
    )
    try:
        said = await eye(line.get_extra_info("sockname")[1]).ask()
        return said, port.heard
    finally:
        line.close()


def eye(port: int) -> sip.SipEye:
    settings = load_settings()
    here = settings.sip.model_copy(update={"host": "127.0.0.1", "port": port})
    return sip.SipEye(settings.model_copy(update={"sip": here}))


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "503 Service Unavailable"])
def test_whatever_it_says_it_answers(status):
    assert asyncio.run(asked(lambda _, q: answer_to(parse(q), status).encode())) == (None, 1)


def test_what_was_lost_is_asked_again():
    assert asyncio.run(asked(lambda n, q: ok(n, q) if n == 3 else b"")) == (None, 3)


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(lambda *_: b"", id="nothing"),
        pytest.param(lambda *_: b"SIP/2.0 200 OK\r\n\r\n", id="somebody else's answer"),
        pytest.param(lambda _, question: question, id="its own echo"),
        pytest.param(lambda *_: b"\xff\x00", id="garbage"),
    ],
)
def test_what_is_no_answer_is_silence(monkeypatch, answers):
    monkeypatch.setattr(sip, "ANSWER_S", 0.2)
    said, _ = asyncio.run(asked(answers))
    assert said == "no answer to OPTIONS within 0.2 s"


def test_a_port_where_nobody_listens_is_told_at_once():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert asyncio.run(eye(port).ask()) == "nobody listens there"


def test_an_address_that_is_not_ours_is_told():
    settings = load_settings()
    away = settings.sip.model_copy(update={"host": "192.0.2.1"})
    said = asyncio.run(sip.SipEye(settings.model_copy(update={"sip": away})).ask())
    assert said is not None
    assert said.startswith("it cannot be asked")


def test_a_name_that_nobody_knows_says_nothing_of_asterisk():
    settings = load_settings()
    named = settings.sip.model_copy(update={"host": "nobody.invalid"})
    assert asyncio.run(sip.SipEye(settings.model_copy(update={"sip": named})).ask()) is None


def test_the_question_is_whole_sip_for_the_node_itself():
    question = parse(sip.options(("192.0.2.1", 4000), ("192.0.2.1", 5060), "abc"))
    assert question.start == "OPTIONS sip:192.0.2.1:5060 SIP/2.0"
    assert "sip:l110-probe@" in question.get("From")
    assert question.branch == "z9hG4bKabc"
    assert b"sip:[::1]:5060" in sip.options(("::1", 4000), ("::1", 5060), "abc")

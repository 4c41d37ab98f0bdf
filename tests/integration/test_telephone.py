"""Two telephones of the lab call each other, over a line that loses things."""

import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from scripts.lab import sip_wire
from scripts.lab.seats import Manner
from scripts.lab.sip_message import Address
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import NeverHappened, wait_until

HOST = "127.0.0.1"
Loses = Callable[[bytes], bool]


class Lossy:
    """Carries datagrams between two telephones, unless `loses` says that this one is lost."""

    def __init__(self, loses: Loses) -> None:
        self.loses = loses
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for each in self.sockets:
            each.bind((HOST, 0))
        self.phones: list[Address] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._carry)

    def address(self, side: int) -> Address:
        address: Address = self.sockets[side].getsockname()
        return address

    def _carry(self) -> None:
        with selectors.DefaultSelector() as ready:
            for side, each in enumerate(self.sockets):
                ready.register(each, selectors.EVENT_READ, side)
            while not self.over.is_set():
                for key, _ in ready.select(0.1):
                    data = self.sockets[key.data].recv(65536)
                    if not self.loses(data):
                        self.sockets[1 - key.data].sendto(data, self.phones[1 - key.data])
        for each in self.sockets:
            each.close()


@contextmanager
def two_telephones(loses: Loses, manner: Manner) -> Iterator[tuple[Telephone, Telephone]]:
    line = Lossy(loses)
    phones = (
        Telephone(HOST, line.address(0), "a"),
        Telephone(HOST, line.address(1), "b", manner=manner),
    )
    for phone in phones:
        host, _, port = phone.start().line.at.rpartition(":")
        line.phones.append((host, int(port)))
    line.thread.start()
    try:
        yield phones
    finally:
        for phone in phones:
            phone.stop()
        line.over.set()
        line.thread.join()


def nothing(_: bytes) -> bool:
    return False


def every_first_copy() -> Loses:
    seen: set[bytes] = set()

    def lost(data: bytes) -> bool:
        new = data not in seen
        seen.add(data)
        return new

    return lost


def test_a_call_is_made_and_ended_although_every_message_is_lost_once() -> None:
    with two_telephones(every_first_copy(), Manner(ring_s=0.1, talk_s=30)) as (a, b):
        a.call("b")
        a.wait_for("answered", timeout_s=5)
        b.wait_for("answered")
        a.press("1")
        b.wait_for("told", "Signal=1")
        a.hang_up()
        b.wait_for("ended", "them")
        assert len(b.diary.found("rang")) == 1
        assert len(b.diary.found("told")) == 1


def test_control_who_says_a_thing_only_once_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_wire, "T1_S", 60.0)
    with two_telephones(every_first_copy(), Manner(ring_s=0.1)) as (a, _):
        a.call("b")
        with pytest.raises(NeverHappened):
            a.wait_for("answered", timeout_s=3)


@pytest.mark.parametrize("keys_by_info", [True, False])
def test_keys_arrive_each_once_and_in_order(keys_by_info: bool) -> None:
    with two_telephones(nothing, Manner(ring_s=0.1, talk_s=30)) as (a, b):
        a.line.keys_by_info = keys_by_info
        a.call("b")
        a.wait_for("answered")
        b.wait_for("answered")
        a.press("*22#")
        if keys_by_info:
            told = [entry.detail for entry in b.diary.found("told")]
            assert told == ["Signal=*", "Signal=2", "Signal=2", "Signal=#"]
        else:
            wait_until(lambda: b.talk.sound.keys == "*22#", "the keys", 5)


def test_both_sides_are_heard_and_a_hold_is_answered() -> None:
    with two_telephones(nothing, Manner(ring_s=0.1, talk_s=30)) as (a, b):
        a.call("b")
        a.wait_for("answered")
        b.wait_for("answered")
        wait_until(lambda: a.talk.sound.heard > 10 and b.talk.sound.heard > 10, "sound", 5)
        assert (a.hold(), a.unhold()) == (200, 200)
        b.wait_for("offered", "INVITE", times=2)


def test_who_gives_up_before_the_answer_is_gone_on_both_sides() -> None:
    with two_telephones(nothing, Manner(answers=False)) as (a, b):
        a.call("b")
        a.wait_for("progress", "180")
        a.hang_up()
        b.wait_for("ended", "cancelled")
        a.wait_for("ended", "refused 487")
        assert (a.free, b.free) == (True, True)


def the_first_answer_to_the_invite() -> Loses:
    lost: list[bytes] = []

    def loses(data: bytes) -> bool:
        if lost or not data.startswith(b"SIP/2.0 200") or b"CSeq: 1 INVITE" not in data:
            return False
        lost.append(data)
        return True

    return loses


def test_who_gives_up_while_the_answer_is_on_its_way_is_gone_on_both_sides() -> None:
    manner = Manner(ring_s=0.1, talk_s=30)
    with two_telephones(the_first_answer_to_the_invite(), manner) as (a, b):
        a.call("b")
        b.wait_for("answered", timeout_s=5)
        a.hang_up()
        a.wait_for("ended", "us")
        b.wait_for("ended", "them")
        assert a.diary.found("answered"), "the answer came after he had given up"


def test_a_telephone_in_a_talk_is_busy_for_the_next() -> None:
    with two_telephones(nothing, Manner(ring_s=0.1, talk_s=30)) as (a, b):
        a.call("b")
        b.wait_for("answered")
        second = a.call("b")
        a.wait_for("ended", "refused 486", call_id=second.call_id)

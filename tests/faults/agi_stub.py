"""Servers in the bridge's place that do what a bridge must not do."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from scripts.lab.waiting import wait_until

PROMPT = 'GET OPTION l110/menu "1259" 2000\n'
LATE_VERDICT = 'SET VARIABLE L110_VERDICT "livelihood:2:rule:late:v1:zh:-"\n'
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closed by a reset, at once

Manner = Callable[[socket.socket], None]


def closes(_: socket.socket) -> None:
    """Takes the connection and closes it, having read nothing."""


def resets_in_the_prompt(connection: socket.socket, after_s: float = 1.0) -> None:
    read_environment(connection)
    connection.sendall(PROMPT.encode())
    time.sleep(after_s)  # the prompt plays
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def answers_late(connection: socket.socket, after_s: float = 5.0) -> None:
    """Says livelihood when nobody may listen any more."""
    read_environment(connection)
    time.sleep(after_s)
    connection.sendall(LATE_VERDICT.encode())
    connection.recv(1000)


def read_environment(connection: socket.socket) -> bytes:
    got = b""
    while b"\n\n" not in got:
        more = connection.recv(4096)
        if not more:
            raise ConnectionAbortedError
        got += more
    return got


class AgiStub:
    """Takes every connection in a thread of its own. ended: when it closed each (epoch)."""

    def __init__(self, host: str, port: int, manner: Manner) -> None:
        self.listener = socket.create_server((host, port), backlog=64)
        self.manner = manner
        self.ended: list[float] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=partial(self._play, connection), daemon=True).start()

    def _play(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            self.manner(connection)
        self.ended.append(time.time())

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@contextmanager
def full_backlog(host: str, port: int) -> Iterator[None]:
    """A port where the kernel drops every further SYN: nobody ever accepts."""
    listener = socket.create_server((host, port), backlog=0)
    waiting: list[socket.socket] = []

    def full() -> bool:
        one = socket.socket()
        waiting.append(one)
        one.settimeout(0.3)
        try:
            one.connect((host, port))
        except TimeoutError:
            return True
        return False

    try:
        wait_until(full, "the backlog to be full", 15)
        yield
    finally:
        for each in (listener, *waiting):
            each.close()

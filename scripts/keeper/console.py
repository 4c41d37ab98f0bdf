"""Whether Asterisk answers on its own console: the one question that needs no login and no load."""

import socket
import struct
import threading
import time
from pathlib import Path

# No figure of the wall clock: after a step back `core show uptime` says nothing at all.
ASK = b"core show version\0"
ANSWER = b"built by"
ASK_EVERY_S = 1.0
POLL_S = 0.5
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class Console(threading.Thread):
    """Asks again and again. A thread of its own: it waits on one line for as long as need be.

    The kernel tells the pid behind the socket, so no file with a pid can be wrong.
    """

    def __init__(self, socket_file: Path) -> None:
        super().__init__(name="console", daemon=True)
        self._file = socket_file
        self._stop_now = threading.Event()
        self._heard: tuple[int, float] | None = None  # pid, when it last answered

    def run(self) -> None:
        while not self._stop_now.wait(ASK_EVERY_S):
            try:
                self._ask()
            except (ConnectionError, FileNotFoundError):
                self._heard = None  # nobody is there: whoever starts it again sees that himself
            except OSError:
                continue  # its queue of lines is full: it has not answered

    def stop(self) -> None:
        self._stop_now.set()

    def silent(self, now_s: float) -> tuple[int, float] | None:
        """The pid that runs and for how many seconds it has not answered; None: nobody runs."""
        heard = self._heard
        return (heard[0], now_s - heard[1]) if heard else None

    def forgive(self, now_s: float) -> None:
        """We were late ourselves: its silence until now does not count."""
        heard = self._heard
        if heard:
            self._heard = (heard[0], now_s)

    def _ask(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(POLL_S)
            line.connect(str(self._file))
            raw = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
            pid = CREDENTIALS.unpack(raw)[0]
            if self._heard is None or self._heard[0] != pid:
                self._heard = (pid, time.monotonic())
            line.sendall(ASK)
            if self._answered(line):
                self._heard = (pid, time.monotonic())

    def _answered(self, line: socket.socket) -> bool:
        said = b""
        while ANSWER not in said and not self._stop_now.is_set():
            try:
                part = line.recv(4096)
            except TimeoutError:
                continue
            if not part:
                return False
            said = (said + part)[-8192:]
        return not self._stop_now.is_set()


def console_is_open(socket_file: Path) -> bool:
    """Whether a process holds it, frozen or not: the kernel lets us in, nobody is asked."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.setblocking(False)
        try:
            line.connect(str(socket_file))
        except BlockingIOError:
            return True  # its queue of lines is full
        except OSError:
            return False
    return True


def manager_answers(host: str, port: int, within_s: float = 2.0) -> bool:
    """Whether Asterisk's manager greets who connects: a second witness before anybody is ended."""
    try:
        with socket.create_connection((host, port), within_s) as line:
            line.settimeout(within_s)
            return bool(line.recv(64))
    except OSError:
        return False

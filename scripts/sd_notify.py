"""Tells systemd that a process is ready and alive. Source: sd_notify(3)."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Says nothing where nobody listens; a socket that is gone is nobody's fault."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._watchdog_us = _watchdog_us(environ)

    @property
    def every_s(self) -> float | None:
        """How often `alive` must be said: a third of what systemd waits; None: it does not."""
        return self._watchdog_us / 3e6 if self._address and self._watchdog_us else None

    def ready(self) -> None:
        self._say("READY=1")

    def alive(self) -> None:
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def status(self, text: str) -> None:
        self._say(f"STATUS={text}")

    def _say(self, words: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto(words.encode(), self._address)
        except OSError:
            return


def _watchdog_us(environ: Mapping[str, str]) -> int:
    """0 where systemd keeps no watchdog, or keeps it over another process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0
    given = environ.get("WATCHDOG_USEC", "")
    return int(given) if given.isdecimal() else 0

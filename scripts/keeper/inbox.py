"""Hears the life signs of `sd_notify` where no systemd does. Source: sd_notify(3), unix(7)."""

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

SIGNS = (b"READY=1", b"WATCHDOG=1")
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
LONGEST = 4096
MOST_AT_ONCE = 1000


class Inbox:
    """A socket that our own user may write to. The kernel says who wrote, nobody else can."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._line.setblocking(False)
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._line.bind(str(path))
        path.chmod(0o600)

    def close(self) -> None:
        self._line.close()
        self._path.unlink(missing_ok=True)

    def spoke(self) -> Iterator[int]:
        """The pids that said since the last time that they live."""
        for _ in range(MOST_AT_ONCE):
            try:
                words, ancillary, _, _ = self._line.recvmsg(
                    LONGEST, socket.CMSG_SPACE(CREDENTIALS.size)
                )
            except BlockingIOError:
                return
            if any(sign in words.split(b"\n") for sign in SIGNS):
                yield from _pids(ancillary)


def _pids(ancillary: list[tuple[int, int, bytes]]) -> Iterator[int]:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            pid, uid, _ = CREDENTIALS.unpack_from(data)
            if uid == os.geteuid():
                yield pid

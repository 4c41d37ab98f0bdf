"""A TCP relay in front of PostgreSQL: it swallows the answer to a COMMIT and cuts the line, or
keeps a line to the server whose client is gone."""

import socket
import threading
from contextlib import suppress


class CommitRelay:
    """`swallow`: of so many COMMITs the answer is lost, the server having done them.

    `hold_after`: the line that carries these bytes carries them and no more; then `held` is set.
    To the client it is dead, and the server is not told, as behind a relay that has lost its peer.
    """

    def __init__(self, port: int) -> None:
        self.swallow = 0
        self.swallowed = 0
        self.hold_after = b""
        self.held = threading.Event()
        self._closed = threading.Event()
        self._far = ("127.0.0.1", port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(self._far) as far:
            doubt = threading.Event()
            back = threading.Thread(target=self._back, args=(far, near, doubt), daemon=True)
            back.start()
            try:
                self._forth(near, far, doubt)
            finally:  # a killed client ends its server process, too: both lines go at once
                with suppress(OSError):
                    far.shutdown(socket.SHUT_RDWR)
                back.join()

    def _forth(self, near: socket.socket, far: socket.socket, doubt: threading.Event) -> None:
        while data := near.recv(65536):
            if self.swallow and b"COMMIT" in data:
                self.swallow -= 1
                doubt.set()
            if self.hold_after and self.hold_after in data:
                self._hold(far, data)
            far.sendall(data)

    def _hold(self, far: socket.socket, data: bytes) -> None:
        """Only the end of this relay ends it."""
        far.sendall(data[: data.index(self.hold_after) + len(self.hold_after)])
        self.hold_after = b""
        self.held.set()
        self._closed.wait()
        raise OSError("held until the end")

    def _back(self, far: socket.socket, near: socket.socket, doubt: threading.Event) -> None:
        with suppress(OSError):
            while data := far.recv(65536):
                if doubt.is_set():
                    self.swallowed += 1
                    break
                near.sendall(data)
        with suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)

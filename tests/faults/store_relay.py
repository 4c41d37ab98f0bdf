"""A TCP relay in front of PostgreSQL that can swallow the answer to a COMMIT and cut the line."""

import socket
import threading
from contextlib import suppress


class CommitRelay:
    """`swallow`: of so many COMMITs the answer is lost, the server having done them."""

    def __init__(self, port: int) -> None:
        self.swallow = 0
        self.swallowed = 0
        self._far = ("127.0.0.1", port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
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
            far.sendall(data)

    def _back(self, far: socket.socket, near: socket.socket, doubt: threading.Event) -> None:
        with suppress(OSError):
            while data := far.recv(65536):
                if doubt.is_set():
                    self.swallowed += 1
                    break
                near.sendall(data)
        with suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)

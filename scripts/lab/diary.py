"""What happened to a telephone, in order, for whoever waits for it on another thread."""

import threading
import time
from dataclasses import dataclass

from scripts.lab.waiting import NeverHappened


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` is monotonic seconds."""

    at: float
    what: str
    detail: str
    call_id: str


class Diary:
    """Written by the telephone's thread, read by any."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._news = threading.Condition()

    @property
    def entries(self) -> list[Entry]:
        with self._news:
            return list(self._entries)

    def note(self, what: str, detail: str = "", call_id: str = "") -> None:
        with self._news:
            self._entries.append(Entry(time.monotonic(), what, detail, call_id))
            self._news.notify_all()

    def found(self, what: str, detail: str = "", call_id: str = "") -> list[Entry]:
        """Entries of this kind whose detail begins with `detail`, of any call or of one."""
        return [
            entry
            for entry in self.entries
            if entry.what == what
            and entry.detail.startswith(detail)
            and call_id in ("", entry.call_id)
        ]

    def wait_for(
        self,
        what: str,
        detail: str = "",
        *,
        call_id: str = "",
        times: int = 1,
        timeout_s: float = 20,
    ) -> Entry:
        """The entry, once it stands there so many times; the arguments are those of `found`.

        Raises:
            NeverHappened: it did not come in time; the message has the whole diary.
        """
        with self._news:
            came = self._news.wait_for(
                lambda: len(self.found(what, detail, call_id)) >= times, timeout_s
            )
        if not came:
            story = "\n".join(f"{e.at:.3f} {e.what} {e.detail}" for e in self.entries)
            raise NeverHappened(f"waited {timeout_s:g} s for {what} {detail}; there was:\n{story}")
        return self.found(what, detail, call_id)[times - 1]

"""Who tries passwords at Asterisk's manager, by Asterisk's own security log."""

import os
import re
from collections import defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path

REFUSED = re.compile(
    r'SecurityEvent="(?:InvalidPassword|InvalidAccountID|FailedACL|ChallengeResponseFailed)"'
    r'.*Service="AMI".*RemoteAddress="IPV[46]/[A-Z]+/([0-9A-Fa-f.:]+)/\d+"'
)
WITHIN_S = 60.0
MOST_BYTES = 256 * 1024


@dataclass(slots=True)
class SecurityLog:
    """Follows the file from its end on; one that was cut or moved is begun anew."""

    path: Path
    _inode: int = 0
    _offset: int = -1
    _rest: str = ""

    def new_lines(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                stat = os.fstat(file.fileno())
                if self._offset < 0:  # what was before us is told already
                    self._inode, self._offset = stat.st_ino, stat.st_size
                if stat.st_ino != self._inode or stat.st_size < self._offset:
                    self._inode, self._offset, self._rest = stat.st_ino, 0, ""
                file.seek(max(self._offset, stat.st_size - MOST_BYTES))
                read = file.read(MOST_BYTES)
                self._offset = file.tell()
        except OSError:
            self._offset = max(self._offset, 0)
            return []
        *lines, self._rest = (self._rest + read.decode("utf-8", "replace")).split("\n")
        return lines


@dataclass(slots=True)
class Guesses:
    """Refused logins of the last minute, by address."""

    most: int
    _seen: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, lines: list[str], now_s: float) -> tuple[str, ...]:
        """Addresses over the limit now."""
        for line in lines:
            if found := REFUSED.search(line):
                self._seen[found[1]].append(now_s)
        for times in self._seen.values():
            while times and now_s - times[0] > WITHIN_S:
                times.popleft()
        self._seen = defaultdict(deque, {a: t for a, t in self._seen.items() if t})
        return tuple(a for a, times in self._seen.items() if self.most and len(times) >= self.most)

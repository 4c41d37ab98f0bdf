"""Who tries passwords at Asterisk's manager or scans its SIP, by Asterisk's own logs."""

import os
import re
from collections import deque
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

# From an address that may not send SIP at all: Asterisk's security log is silent about these.
SIP_OF_STRANGERS = re.compile(
    r"^\[[^\]]*\] WARNING\[\d+\] res_pjsip_acl\.c: "
    r"Incoming SIP message from \[?([0-9A-Fa-f.:]+?)\]?:\d+ did not pass ACL test$"
)
# (Begun at the line's start, and one `.*` only: the account and the Call-ID in it are 64 kB of a
# stranger's choice.)
_EVENT = r'^\[[^\]]*\] SECURITY\[\d+\] res_security_log\.c: SecurityEvent="{}",EventTV="[^"]*"'
_REFUSED = "(?:InvalidPassword|InvalidAccountID|FailedACL|ChallengeResponseFailed)"
_FROM = r',Severity="[^"]*",Service="PJSIP",EventVersion="1",{}.*RemoteAddress="IPV[46]/[A-Z]+/'
_ADDRESS = r'([0-9A-Fa-f.:]+)/\d+"'
AT_MANAGER = re.compile(
    _EVENT.format(_REFUSED)
    + r',Severity="[^"]*",Service="AMI".*RemoteAddress="IPV[46]/[A-Z]+/'
    + _ADDRESS
)
# From the switch's address or a seat's network: a wrong password, an unknown name.
SIP_OF_OURS = re.compile(_EVENT.format(_REFUSED) + _FROM.format("") + _ADDRESS)
# Who knows a name is asked for its password too, so only unknown names count here.
SIP_NAMES_TRIED = re.compile(
    _EVENT.format("ChallengeSent") + _FROM.format('AccountID="<unknown>') + _ADDRESS
)
WITHIN_S = 60.0
MOST_ADDRESSES = 10_000  # senders of UDP can say that they are anybody
MOST_BYTES = 256 * 1024


@dataclass(slots=True)
class SecurityLog:
    """One of Asterisk's logs, from its end on; one that was cut or moved is begun anew."""

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


class Guesses:
    """What was refused in the last minute, by address. `most` of it is too much; 0: never."""

    def __init__(self, most: int, *refused: re.Pattern[str]) -> None:
        self.most = most
        self._refused = refused
        self._seen: dict[str, deque[float]] = {}

    def take(self, lines: list[str], now_s: float) -> tuple[str, ...]:
        """Addresses over the limit now, who came first."""
        if not self.most:
            return ()
        for line in lines:
            found = next((one for kind in self._refused if (one := kind.search(line))), None)
            if found and _is_address(found[1]):
                self._note(found[1], now_s)
        self._seen = {a: t for a, t in self._seen.items() if now_s - t[-1] <= WITHIN_S}
        return tuple(a for a, times in self._seen.items() if self._too_many(times, now_s))

    def _note(self, address: str, now_s: float) -> None:
        if address not in self._seen and len(self._seen) >= MOST_ADDRESSES:
            self._seen.pop(next(iter(self._seen)))
        self._seen.setdefault(address, deque(maxlen=self.most)).append(now_s)

    def _too_many(self, times: deque[float], now_s: float) -> bool:
        return len(times) == self.most and now_s - times[0] <= WITHIN_S


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

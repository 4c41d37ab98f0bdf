"""What was started anew, and what does not stay up. No I/O."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

TOLD_FOR_S = 300.0
MANY = 5  # new starts of one process within that time: it does not stay up
AGAIN_AFTER_S = 30.0
GIVEN_UP = "FATAL"
NOT_UP = ("BACKOFF", "EXITED", GIVEN_UP)
STUCK_FOR_S = 5.0  # a start that fails once is tried again by then


@dataclass(frozen=True, slots=True)
class Seen:
    """One process as its supervisor tells it."""

    name: str
    state: str
    pid: int | None


@dataclass(slots=True)
class Starts:
    """All times are of one steady clock. `why`: name -> what was done to its last process."""

    why: dict[str, str] = field(default_factory=dict)
    _pids: dict[str, int] = field(default_factory=dict)
    _anew: deque[tuple[float, str]] = field(default_factory=deque)
    _not_up: dict[str, float] = field(default_factory=dict)
    _given_up: dict[str, float] = field(default_factory=dict)

    def look(self, seen: list[Seen], now_s: float) -> list[str]:
        """Names of those that were started anew since the last look."""
        new = []
        for one in seen:
            before = self._pids.get(one.name)
            if one.pid is not None and before not in (None, one.pid):
                self._anew.append((now_s, one.name))
                self.why.setdefault(one.name, "ended")
                new.append(one.name)
            if one.pid is not None:
                self._pids[one.name] = one.pid
        self._not_up = _since(self._not_up, [s.name for s in seen if s.state in NOT_UP], now_s)
        self._given_up = _since(
            self._given_up, [s.name for s in seen if s.state == GIVEN_UP], now_s
        )
        while self._anew and now_s - self._anew[0][0] > TOLD_FOR_S:
            self._anew.popleft()
        return new

    def due(self, now_s: float) -> list[str]:
        """Those that the supervisor has given up and that shall be tried again now."""
        names = [name for name, at in self._given_up.items() if now_s - at >= AGAIN_AFTER_S]
        self._given_up |= dict.fromkeys(names, now_s)
        return names

    def restarted(self) -> Mapping[str, str]:
        """Name -> why and how often, in the last five minutes."""
        names = [name for _, name in self._anew]
        return {n: f"{self.why.get(n, 'ended')}, {_times(names.count(n))}" for n in set(names)}

    def failing(self, now_s: float) -> Mapping[str, str]:
        """Name -> why it counts as not staying up."""
        names = [name for _, name in self._anew]
        found = {n: _times(names.count(n)) for n in set(names) if names.count(n) >= MANY}
        long = {n: now_s - at for n, at in self._not_up.items() if now_s - at >= STUCK_FOR_S}
        return found | {n: f"not up for {s:.0f} s" for n, s in long.items()}


def _times(count: int) -> str:
    return f"{count} new start{'s' if count > 1 else ''} in five minutes"


def _since(before: Mapping[str, float], names: list[str], now_s: float) -> dict[str, float]:
    return {name: before.get(name, now_s) for name in names}

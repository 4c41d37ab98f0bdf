"""Who is frozen: he runs and has not said for his time that he lives. No I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

STARTING_S = 60.0  # until the first sign: a process that starts has much to read


@dataclass(slots=True)
class Signs:
    """patience_s: name -> seconds of silence; 0: never. All times are of one steady clock."""

    patience_s: Mapping[str, float]
    starting_s: float = STARTING_S
    _spoke: dict[int, float] = field(default_factory=dict)
    _seen: dict[int, float] = field(default_factory=dict)

    def spoke(self, pid: int, now_s: float) -> None:
        self._spoke[pid] = now_s

    def forgive(self, now_s: float) -> None:
        """We were late ourselves: nobody's silence until now counts."""
        self._spoke = dict.fromkeys(self._spoke, now_s)
        self._seen = dict.fromkeys(self._seen, now_s)

    def silent(self, running: Mapping[str, int], now_s: float) -> Iterator[tuple[str, int, float]]:
        """`running`: name -> pid. Name, pid and seconds of silence of each who is frozen."""
        pids = set(running.values())
        self._spoke = {pid: at for pid, at in self._spoke.items() if pid in pids}
        self._seen = {pid: self._seen.get(pid, now_s) for pid in pids}
        for name, pid in running.items():
            patience_s = self.patience_s.get(name, 0.0)
            since_s = now_s - self._spoke.get(pid, self._seen[pid])
            most_s = patience_s if pid in self._spoke else max(patience_s, self.starting_s)
            if patience_s and since_s > most_s:
                yield name, pid, since_s

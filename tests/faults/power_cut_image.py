"""What a disk may hold after the power was cut: all that was synced, and any part of the rest."""

import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happened. `data` of a write, `size` of a truncation, `begun` of a sync: it
    covers what came before that place. `steps`: acknowledged from here on."""

    kind: str
    path: str = ""
    offset: int = 0
    data: bytes = b""
    begun: int = 0
    flag: bool = False
    steps: tuple[str, ...] = ()


class Recorder:
    """A watcher of scripts.lab.disk that writes everything down, in order."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self._lock = threading.Lock()

    def before(self, act: str, path: str) -> int:
        del act, path
        return 0

    def moment(self) -> int:
        with self._lock:
            return len(self.acts)

    def opened(self, path: str, *, created: bool) -> None:
        if created:
            self._add(Act("create", path))

    def written(self, path: str, offset: int, data: bytes) -> None:
        self._add(Act("write", path, offset, data))

    def truncated(self, path: str, size: int) -> None:
        self._add(Act("truncate", path, size))

    def synced(self, path: str, begun: int, *, with_folder: bool) -> None:
        self._add(Act("sync", path, begun=begun, flag=with_folder))

    def deleted(self, path: str, *, with_folder: bool) -> None:
        self._add(Act("delete", path, flag=with_folder))

    def acknowledged(self, steps: Sequence[str]) -> None:
        self._add(Act("acknowledged", steps=tuple(steps)))

    def _add(self, act: Act) -> None:
        with self._lock:
            self.acts.append(act)


@dataclass(slots=True)
class _File:
    """`synced`: what surely stands on the disk; `pending`: acts since, by their place."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, Act]] = field(default_factory=list)

    def settle(self, begun: int) -> None:
        for place, act in self.pending:
            if place < begun:
                _do(self.synced, act, range(len(act.data)))
        self.pending = [(place, act) for place, act in self.pending if place >= begun]

    def image(self, chance: random.Random, share: float) -> bytes:
        """Of the pending acts each comes through or not; of a write, each of its sectors."""
        found = bytearray(self.synced)
        for _, act in self.pending:
            if act.kind == "truncate" and chance.random() < share:
                _do(found, act, range(0))
            for sector in range(0, len(act.data), SECTOR):
                if chance.random() < share:
                    _do(found, act, range(sector, min(sector + SECTOR, len(act.data))))
        return bytes(found)


def _do(content: bytearray, act: Act, part: range) -> None:
    if act.kind == "truncate":
        del content[act.offset :]
        content.extend(bytes(act.offset - len(content)))
        return
    if not part:
        return
    start, end = act.offset + part.start, act.offset + part.stop
    content.extend(bytes(max(0, end - len(content))))
    content[start:end] = act.data[part.start : part.stop]


class Disk:
    """Goes through the acts once; at any place it can say what a power cut might leave."""

    def __init__(self, acts: Sequence[Act]) -> None:
        self.acknowledged: set[str] = set()
        self._acts = acts
        self._at = 0
        self._names: dict[str, _File] = {}
        self._synced_names: dict[str, _File] = {}

    def go_to(self, place: int) -> None:
        while self._at < place:
            self._take(self._acts[self._at])
            self._at += 1

    def cut(self, chance: random.Random) -> Iterator[tuple[str, bytes]]:
        """Paths and contents. One cut loses nearly nothing, another one nearly all."""
        share = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for path in sorted({*self._names, *self._synced_names}):
            names = [n for n in (self._names, self._synced_names) if chance.random() < 0.5] or [
                self._synced_names
            ]
            if file := names[0].get(path):
                yield path, file.image(chance, share)

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """What the files hold while the power stays on: to prove that no write was missed."""
        for path, file in self._names.items():
            whole = bytearray(file.synced)
            for _, act in file.pending:
                _do(whole, act, range(len(act.data)))
            yield path, bytes(whole)

    def _take(self, act: Act) -> None:
        match act.kind:
            case "create":
                self._names[act.path] = _File()
            case "write" | "truncate":
                self._names[act.path].pending.append((self._at, act))
            case "sync":
                self._names[act.path].settle(act.begun)
                self._sync_names(act)
            case "delete":
                self._names.pop(act.path, None)
                self._sync_names(act)
            case "acknowledged":
                self.acknowledged.update(act.steps)

    def _sync_names(self, act: Act) -> None:
        if act.flag:
            folder = Path(act.path).parent
            kept = {p: f for p, f in self._synced_names.items() if Path(p).parent != folder}
            new = {p: f for p, f in self._names.items() if Path(p).parent == folder}
            self._synced_names = {**kept, **new}

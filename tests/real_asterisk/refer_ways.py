"""Callers on switches that fail a REFER, each way played with every protection and without one.

All play at once on one node. A protection is taken out for one caller by his number, so that
nobody else loses it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
from _pytest.mark import ParameterSet

from db.models import CallRow
from scripts.asterisk_console import ask
from scripts.lab import sipp
from scripts.lab.seats import seat
from scripts.lab.sipp import Endpoint, Person, Sipp
from scripts.lab.switch_stub import Refer, referred_caller
from scripts.lab.waiting import wait_until
from tests.real_asterisk.protections import GUARD, Protection
from tests.real_asterisk.system import Records, node_alone

TRYING = "SIP/2.0 100 Trying"
OK = "SIP/2.0 200 OK"
GUARD_S = 2
# Without its guard a REFER ends when the caller has had enough: far beyond what the guard costs.
ENOUGH_S = 3 * GUARD_S
SETTINGS = f'[release]\nmode = "refer"\n[queues]\nrefer_guard_s = {GUARD_S}\n'
SAYS = {
    "27": "the switch answers the REFER by 603",
    "28": "the switch takes the REFER and then says 503",
    "29": "the switch takes the REFER and says nothing more",
    "30": "the switch does not answer the REFER",
    "31": "the switch says something unreadable of the REFER",
    "32": "the switch answers the REFER by 200",
    "58": "a caller without a final word comes back",
    "61": "the leg ends in the middle of the REFER",
    "62": "the switch says done and brings nobody",
}
SEATS = tuple(f"70{n:02d}" for n in range(1, 13))


@dataclass(frozen=True, slots=True)
class Way:
    """A switch that takes a REFER like that, and the protection that its caller lacks."""

    name: str
    refer: Refer
    lacks: Protection | None = None


def marked(ways: Iterable[str]) -> list[ParameterSet]:
    """As parameters of a test, each with the fault that its name begins with."""
    return [pytest.param(way, marks=_mark(way)) for way in ways]


def without(what: str, lacks: object) -> ParameterSet:
    """A parameter that makes the test its own control."""
    mark = pytest.mark.control(without=what)
    return pytest.param(lacks, marks=mark, id=f"without-{what}".replace(" ", "-"))


PROTECTED: Final = pytest.param(None, id="protected")


def _mark(way: str) -> pytest.MarkDecorator:
    number = way[:2] if way[:2] in SAYS else "61"  # a caller who hangs up looks like its BYE
    return pytest.mark.fault(number, how=SAYS[number])


class Played:
    """A node, and the callers who came to it: one for each way and each lacking protection."""

    def __init__(self, system: Records, ways: Sequence[Way]) -> None:
        self.system, self.ways = system, ways
        self.calls: list[Sipp] = []

    def number(self, name: str, lacks: Protection | None = None) -> str:
        places = [n for n, w in enumerate(self.ways, 1) if (w.name, w.lacks) == (name, lacks)]
        assert len(places) == 1, f"{name} is played {len(places)} times without {lacks}"
        return f"1380000{places[0]:04d}"

    def call_of(self, name: str, lacks: Protection | None = None) -> CallRow:
        return self.system.call_of(self.number(name, lacks), 15)

    def begin(self) -> None:
        for way in self.ways:
            number = self.number(way.name, way.lacks)
            refer = way.refer
            if way.lacks:
                way.lacks.take_out(self.system.node.home, number)
            if way.lacks is GUARD:
                refer = replace(refer, stay_s=ENOUGH_S)
            self.play(number, referred_caller(refer))

    def play(self, number: str, scenario: str, dial: str = "110") -> Sipp:
        sip, place = self.system.node.settings.sip, len(self.calls)
        call = sipp.call(
            self.system.node.settings.var.parent / "sipp",
            f"caller-{place}",
            scenario,
            at=Endpoint(sip.switch_host, 7100 + place, 31000 + 20 * place),
            to=f"{sip.host}:{sip.port}",
            dial=dial,
            people=[Person(number)],
            log=self._log(place),
        )
        self.calls.append(call)
        return call

    def sent_to(self, call: Sipp) -> str:
        """Whom the switch was told to call by this caller's REFER: the user of its Refer-To."""
        log = self._log(self.calls.index(call))
        said = wait_until(lambda: log.exists() and log.read_text().strip(), f"REFER at {log}", 15)
        return str(said).rpartition("sip:")[2]

    def _log(self, place: int) -> Path:
        return self.system.node.settings.var.parent / f"sipp/caller-{place}.said"

    def until_over(self) -> None:
        """SIPp itself says that each went as its side of the call was written."""
        for call in self.calls:
            assert call.wait(60), call.complaint()

    def call_with(self, number: str, kind: str) -> str | None:
        """The id of this caller's call, once a step of that kind is stored."""
        steps = [step for call in self._calls_of(number) for step in self.system.steps_of(call)]
        return next((step.call_id for step in steps if step.kind == kind), None)

    def _calls_of(self, number: str) -> list[CallRow]:
        return [row for row in self.system.calls() if row.caller == number]

    def holds_a_slot(self, number: str) -> bool:
        """Whether a channel of this caller is counted as a police line now."""
        home = self.system.node.home
        rows = (row.split("!") for row in ask(home, "core show channels concise").splitlines())
        his = {row[0] for row in rows if len(row) > 7 and row[7] == number}
        lines = (line.split() for line in ask(home, "group show channels").splitlines())
        return any(words[0] in his for words in lines if words[-2:] == ["line", "l110"])


@contextmanager
def switch_of_stubs(
    root: Path, place: int, ways: Sequence[Way], *, ring_s: float = 0.2
) -> Iterator[Played]:
    """A node whose switch is SIPp; seats answer whatever the node sends to that switch."""
    told: Mapping[str, object] = {"settings": SETTINGS, "lines": 40, "livelihood": SEATS}
    with node_alone(root, place, **told) as system:
        host = system.node.settings.sip.switch_host
        telephone = sipp.answer(root, "seat", seat(ring_s, 2), at=Endpoint(host, 5060, 30000))
        try:
            yield Played(system, ways)
        finally:
            telephone.stop()

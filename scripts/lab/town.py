"""Everything around a node: the switch, its seats and the people who call."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.asterisk_home import SOUNDS
from scripts.lab import sipp
from scripts.lab.callers import Action, caller
from scripts.lab.seats import Manner
from scripts.lab.sipp import Endpoint, Person, Sipp
from scripts.lab.switch import Switch, SwitchPlan
from scripts.lab.waiting import wait_until
from scripts.lab.witness import TrunkLeg, Witness, trunk_legs, witness

DUTY_TELEPHONE = "8199"


@dataclass(frozen=True, slots=True)
class TownPlan:
    """Addresses of a town. `direct_seats` ring by themselves when the node does not answer."""

    root: Path
    node_host: str
    node_port: int
    switch_host: str
    switch_port: int
    callers_host: str
    seats_host: str
    seats: Mapping[str, Manner]
    direct_seats: tuple[str, ...]
    trunk_channels: int = 8


class Town:
    """Started and stopped as one; callers are added while it lives."""

    def __init__(self, plan: TownPlan, *, key_by_info: bool | None = None) -> None:
        self.plan = plan
        self.key_by_info = sipp.keys_need_info() if key_by_info is None else key_by_info
        self.telephones: dict[str, Sipp] = {}
        self.calls: list[Sipp] = []
        self._numbers = itertools.count(1)
        addresses = {number: f"{plan.seats_host}:{seat_port(number)}" for number in plan.seats}
        self.switch = Switch(
            plan.root / "switch",
            SwitchPlan(
                host=plan.switch_host,
                port=plan.switch_port,
                bridge_host=plan.node_host,
                bridge_port=plan.node_port,
                callers_host=plan.callers_host,
                seats=addresses,
                direct_seats=plan.direct_seats,
                trunk_channels=plan.trunk_channels,
            ),
        )

    def start(self) -> None:
        self.switch.start()
        for number, manner in self.plan.seats.items():
            self.staff(number, manner)

    def staff(self, number: str, manner: Manner) -> None:
        """Put somebody with this manner at a seat; who sat there leaves."""
        self.leave(number)
        port = seat_port(number)
        at = Endpoint(self.plan.seats_host, port, 30000 + 10 * (port - 6000))
        self.telephones[number] = sipp.answer(
            self._sipp, f"seat-{number}", manner.scenario(), at=at
        )

    def leave(self, number: str) -> None:
        """Take a seat's telephone off the wall."""
        if telephone := self.telephones.pop(number, None):
            telephone.stop()

    def call(
        self,
        number: str,
        actions: Sequence[Action],
        *,
        dial: str = "110",
        headers: str = "",
        speaks: bool = False,
    ) -> Sipp:
        """Have `number` call and do `actions`; one who `speaks` sends sound all the time."""
        scenario = caller(
            actions,
            key_by_info=self.key_by_info or speaks,
            headers=headers,
            voice=SOUNDS / "l110-wait/tone.ulaw" if speaks else None,
        )
        return self.play(Person(number), scenario, dial=dial)

    def play(self, person: Person, scenario: str, *, dial: str = "110") -> Sipp:
        place = next(self._numbers)
        at = Endpoint(self.plan.callers_host, 7000 + place, 30000 + 20 * place)
        to = f"{self.plan.switch_host}:{self.plan.switch_port}"
        name = f"caller-{place}"
        call = sipp.call(self._sipp, name, scenario, at=at, to=to, dial=dial, people=[person])
        self.calls.append(call)
        return call

    def saw(self, number: str) -> Witness:
        """What the switch saw of the last call of `number`."""
        return witness(self.switch.events(), number)

    def seen(self, number: str) -> Witness | None:
        """The same; None while the switch has seen no call of `number`."""
        try:
            return self.saw(number)
        except LookupError:
            return None

    def answered(self, number: str) -> bool:
        """Whether the node has answered the last call of `number`."""
        seen = self.seen(number)
        return seen is not None and seen.answered_at is not None

    def talks(self, number: str) -> bool:
        """Whether a seat has answered the last call of `number`."""
        seen = self.seen(number)
        return seen is not None and bool(seen.talked)

    def ended(self, number: str, timeout_s: float = 30) -> Witness:
        """What the switch saw, once that call is over."""

        def over() -> Witness | None:
            seen = self.seen(number)
            return seen if seen is not None and seen.ended_at is not None else None

        return wait_until(over, f"the call of {number} to end", timeout_s)  # type: ignore[return-value]

    def lines_in_use(self) -> list[TrunkLeg]:
        """Trunk legs to the node that the switch has not seen end."""
        return [leg for leg in trunk_legs(self.switch.events()) if leg.free_at is None]

    def police_lines_in_use(self) -> int:
        return sum(leg.kind == "police" for leg in self.lines_in_use())

    def trunk_legs_by_caller(self) -> dict[str, list[TrunkLeg]]:
        legs: dict[str, list[TrunkLeg]] = {}
        for leg in trunk_legs(self.switch.events()):
            legs.setdefault(leg.caller, []).append(leg)
        return legs

    def seat_is_free(self, number: str) -> bool:
        """Whether every call that rang this seat is over for it."""
        events = [e for e in self.switch.events() if e.facts.get("seat") == f"seat-{number}"]
        rang = sum(event.name == "SW_SEAT_RINGS" for event in events)
        return rang == sum(event.name == "SW_SEAT_END" for event in events)

    def trunk_legs(self, number: str) -> list[TrunkLeg]:
        """The trunk legs of all calls of `number`, in order."""
        return self.trunk_legs_by_caller().get(number, [])

    def stop(self) -> None:
        for call in self.calls:
            call.stop()
        for number in list(self.telephones):
            self.leave(number)
        self.switch.stop()

    @property
    def _sipp(self) -> Path:
        return self.plan.root / "sipp"


def seat_port(number: str) -> int:
    """Where the switch looks for this number's telephone."""
    return 6000 + int(number) % 1000 + (500 if number.startswith("7") else 0)

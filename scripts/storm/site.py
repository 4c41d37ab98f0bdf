"""One switch of the storm: four police lines, callers and seats, and its node if it has one."""

import os
from dataclasses import dataclass
from pathlib import Path

from reports.capacity.hour import Release, World
from scripts.asterisk_home import CHECKOUT
from scripts.lab.node import Node
from scripts.lab.switch import Switch, SwitchPlan
from scripts.storm.callers import LINES
from scripts.storm.exchange import Callers, Seats

POLICE = tuple(f"80{n:02d}" for n in range(1, LINES + 1))
DUTY_TELEPHONE = "8199"
DESK = tuple(f"70{n:02d}" for n in range(1, 41))  # the desk is no limit here
E1_CHANNELS = 30
HANDS_OVER, STAYS = "1", "0"  # the third digit of a caller's number


@dataclass(frozen=True, slots=True)
class Address:
    """The loopback network of one switch; `n` keeps those of one storm apart."""

    n: int

    @property
    def net(self) -> str:
        return f"127.{220 + os.getpid() % 30}.{self.n}"


class Site:
    """`node` is None in the world without a bridge: the switch rings the seats by itself."""

    def __init__(self, folder: Path, n: int, world: World, hands_over_after_s: float) -> None:
        self.folder, self.world = folder, world
        self.net = Address(n).net
        switch_at = (f"{self.net}.2", 5060)
        self.callers = Callers(f"{self.net}.9", switch_at)
        self.seats = Seats(
            f"{self.net}.8",
            switch_at,
            lambda number: hands_over_after_s if number[2:3] == HANDS_OVER else None,
        )
        self.node: Node | None = None
        self.switch: Switch | None = None

    def start(self) -> None:
        """Returns when it takes calls."""
        self.folder.mkdir(parents=True)
        self.callers.start()
        self.seats.start()
        if self.world.release is not Release.NONE:
            self.node = Node(self._settings())
            self.node.start()
        self.switch = Switch(self.folder / "switch", self._plan())
        self.switch.start()
        if self.node is None:
            self.switch.ring_seats_itself()

    def stop(self) -> None:
        self.callers.stop()
        self.seats.stop()
        for part in (self.switch, self.node):
            if part:
                part.stop()

    def _plan(self) -> SwitchPlan:
        """By redirect a caller keeps his channel: that world has a trunk with some to spare."""
        redirect = self.world.release is Release.REDIRECT
        return SwitchPlan(
            host=f"{self.net}.2",
            port=5060,
            bridge_host=f"{self.net}.1",
            bridge_port=5060,
            callers_host=f"{self.net}.9",
            seats=dict.fromkeys((*POLICE, *DESK, DUTY_TELEPHONE), self.seats.at),
            direct_seats=POLICE,
            trunk_channels=E1_CHANNELS if redirect else LINES,
        )

    def _settings(self) -> Path:
        """As shipped, but for addresses, seats, the world's menu and its release."""
        rules = (CHECKOUT / "config/rules.toml").read_text()
        if not self.world.menu:
            rules = rules.replace("enabled = true", "enabled = false", 1)
        (self.folder / "rules.toml").write_text(rules)
        hosts = "".join(f'[{name}]\nhost = "{self.net}.1"\n' for name in ("agi", "ami", "http"))
        file = self.folder / "settings.toml"
        file.write_text(
            f'var_dir = "{self.folder / "var"}"\nrules_file = "{self.folder / "rules.toml"}"\n'
            f'[sip]\nhost = "{self.net}.1"\nswitch_host = "{self.net}.2"\n{hosts}'
            f"[police]\nlines = {LINES}\nseats = {_seats(POLICE)}\n"
            f"[livelihood]\nseats = {_seats(DESK)}\n"
            f'[release]\nmode = "{self.world.release.value}"\n'
        )
        return file


def _seats(numbers: tuple[str, ...]) -> str:
    return f"[{', '.join(_seat(n) for n in numbers)}]"


def _seat(number: str) -> str:
    return f'{{ number = "{number}", at = "switch" }}'

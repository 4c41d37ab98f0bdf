"""A real 110 switch for demo and tests: a second Asterisk with its own callers, lines and seats."""

import csv
from dataclasses import dataclass
from pathlib import Path

from scripts.asterisk_config import SOURCES, render_folder
from scripts.asterisk_console import ask, channels, is_up
from scripts.asterisk_home import SOUNDS, Home, find_program
from scripts.lab.feed import Event, read_events
from scripts.lab.process import Process
from scripts.lab.waiting import wait_until


@dataclass(frozen=True, slots=True)
class SwitchPlan:
    """Addresses of one switch. `seats` maps an extension to the host:port of its telephone."""

    host: str
    port: int
    bridge_host: str
    bridge_port: int
    callers_host: str
    seats: dict[str, str]
    direct_seats: tuple[str, ...]
    trunk_channels: int = 8
    rtp_start: int = 20000
    rtp_end: int = 20999


class Switch:
    """Runs below `root`; what it saw is in `events()` and, as a site would export it, in a CSV."""

    def __init__(self, root: Path, plan: SwitchPlan) -> None:
        self.plan = plan
        self.home = Home(root)
        self.process: Process | None = None

    @property
    def feed(self) -> Path:
        return self.home.log / "cel-custom" / "switch.jsonl"

    @property
    def list_path(self) -> Path:
        return self.home.root / "switch-calls.csv"

    def start(self) -> None:
        """Render, start, and return when it takes calls."""
        program = find_program()
        self.home.create(program, SOUNDS)
        values = {**self.home.folders(), **self._values()}
        values |= {"modules": program.modules, "sbin": program.binary.parent, "node": "switch"}
        render_folder(SOURCES / "switch", self.home.etc, values)
        command = [str(program.binary), "-f", "-C", str(self.home.conf)]
        self.process = Process(command, self.home.log / "console")
        wait_until(lambda: is_up(self.home), "the switch to start", 20, alive=lambda: self._running)

    @property
    def _running(self) -> bool:
        return self.process is not None and self.process.running

    def _values(self) -> dict[str, object]:
        plan = self.plan
        direct = "&".join(f"PJSIP/seat-{number}" for number in plan.direct_seats)
        return {
            "switch_host": plan.host,
            "switch_port": plan.port,
            "sip_host": plan.bridge_host,
            "sip_port": plan.bridge_port,
            "callers_host": plan.callers_host,
            "trunk_channels": plan.trunk_channels,
            "rtp_start": plan.rtp_start,
            "rtp_end": plan.rtp_end,
            "direct_seats": direct,
            "seats": "".join(_seat(number, at) for number, at in plan.seats.items()),
        }

    def take_refers(self, mode: str) -> None:
        """How it takes a REFER on trunk legs that begin from now on: a MODE of its dialplan."""
        ask(self.home, f"dialplan set global MODE {mode}")

    def ring_seats_itself(self) -> None:
        """As if there were no node at all: it is not even tried."""
        ask(self.home, "dialplan set global ALONE yes")

    def channels(self) -> list[str]:
        """Names of the channels that are up now."""
        return channels(self.home)

    def events(self) -> list[Event]:
        return read_events(self.feed)

    def export_list(self) -> Path:
        """The switch's own list of its calls to the bridge, one line for each INVITE it sent."""
        events = self.events()
        answered = {e.facts["sip"] for e in events if e.name == "SW_ANSWER"}
        ends = {e.facts["sip"]: e for e in events if e.name == "SW_TRUNK_END"}
        with self.list_path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["sip_call_id", "caller", "started_at", "ended_at", "result"])
            for event in (e for e in events if e.name == "SW_TRUNK"):
                call_id = event.facts["sip"]
                end = ends.get(call_id)
                result = "answered" if call_id in answered else _unanswered(end)
                ended_at = end.at if end else ""
                writer.writerow([call_id, event.facts["caller"], event.at, ended_at, result])
        return self.list_path

    def stop(self) -> None:
        if self.process:
            self.process.stop()


def _unanswered(end: Event | None) -> str:
    return f"not answered, cause {end.facts['cause']}" if end else "ringing"


def _seat(number: str, at: str) -> str:
    name = f"seat-{number}"
    return f"[{name}](seat)\naors={name}\n[{name}]\ntype=aor\ncontact=sip:{number}@{at}\n\n"

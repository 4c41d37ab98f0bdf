"""Where a long run lives: loopback addresses of its own."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from config.settings import ROOT


@dataclass(frozen=True, slots=True)
class Place:
    """node, switch: addresses. seats_port: where the switch takes our calls to its seats."""

    net: str
    seats_port: int = 5060

    @classmethod
    def own(cls) -> "Place":
        return cls(f"127.91.{os.getpid() % 256}")

    @property
    def node(self) -> str:
        return f"{self.net}.1"

    @property
    def switch(self) -> str:
        return f"{self.net}.2"


def write_settings(folder: Path, place: Place, database_url: str) -> Path:
    """A node as shipped, but for its addresses and its many lines."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = "".join(f'[{name}]\nhost = "{place.node}"\n' for name in ("agi", "ami", "http"))
    file = folder / "settings.toml"
    file.write_text(
        f'var_dir = "{folder / "var"}"\ndatabase_url = "{database_url}"\n'
        f'[sip]\nhost = "{place.node}"\nswitch_host = "{place.switch}"\n'
        f"switch_port = {place.seats_port}\n{tables}[police]\nlines = 200\n"
        "[admission]\nnew_calls_per_s = 0\ncalls_per_number = 0\n"
        "calls_per_number_in_10_min = 0\nreserved_lines = 0\n"
    )
    return file


def run_folder(name: str) -> Path:
    """A new folder below `var/load`, which is removed once the run was good."""
    parent = ROOT / "var/load"
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))

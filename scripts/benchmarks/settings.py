"""The two nodes' settings: as shipped, on loopback addresses of their own."""

import os
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.sipp import Endpoint

SIP_PORT = 5060
NO_LIMITS = (
    "[admission]\nnew_calls_per_s = 0\ncalls_per_number = 0\ncalls_per_number_in_10_min = 0\n"
    "reserved_lines = 0\n"
)
MOST_LINES = 1000  # the police line is not what is measured: nobody is refused


@dataclass(frozen=True, slots=True)
class Addresses:
    """Loopback addresses of one bench; two may run at a time."""

    net: str

    @classmethod
    def own(cls) -> "Addresses":
        return cls(f"127.90.{os.getpid() % 256}")

    @property
    def ours(self) -> str:
        return f"{self.net}.1"

    @property
    def pure(self) -> str:
        return f"{self.net}.11"

    @property
    def callers(self) -> Endpoint:
        """What both nodes take for the switch: it is the only one that may call them."""
        return Endpoint(f"{self.net}.2", SIP_PORT, 40000)


def write_settings(
    folder: Path, host: str, switch: str, database_url: str = "", *, release: str = "redirect"
) -> Path:
    """A settings file for a node below `folder`; the rules are the shipped ones."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = "".join(f'[{name}]\nhost = "{host}"\n' for name in ("agi", "ami", "http"))
    file = folder / "settings.toml"
    file.write_text(
        f'var_dir = "{folder / "var"}"\ndatabase_url = "{database_url}"\n'
        f'[sip]\nhost = "{host}"\nswitch_host = "{switch}"\n{tables}'
        f'[police]\nlines = {MOST_LINES}\n{NO_LIMITS}[release]\nmode = "{release}"\n'
        "[selftest]\nevery_s = 0\n"
    )
    return file

"""What an unpacked bundle holds, and whether this host can run it."""

import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.siting.steps import InstallFailed

MANIFEST = "MANIFEST.json"
FORM = 1


@dataclass(frozen=True, slots=True)
class Bundle:
    """An unpacked one, whose sums were compared already."""

    folder: Path
    commit: str
    python: str
    machine: str

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout.tar"

    @property
    def wheels(self) -> Path:
        return self.folder / "wheels"

    @property
    def lock(self) -> Path:
        return self.folder / "requirements.lock"

    @property
    def sounds(self) -> Path:
        return self.folder / "sounds"

    @property
    def asterisk(self) -> Path:
        return self.folder / "asterisk.tar"


def read(folder: Path) -> Bundle:
    """Raises InstallFailed: no bundle of a form that this release knows."""
    try:
        said: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if said["form"] != FORM:
            raise ValueError(f"form {said['form']}, this release knows {FORM}")
        return Bundle(folder, said["commit"], said["python"], said["machine"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InstallFailed(
            f"no bundle that can be read: {fault}", "make it with scripts/bundle of this release"
        ) from fault


def check_host(bundle: Bundle) -> None:
    """Wheels are of one Python and one machine. Raises InstallFailed."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if bundle.python != here:
        raise InstallFailed(
            f"the bundle is for Python {bundle.python}, this host has {here}",
            f"run scripts/bundle on a machine of the same Debian as this one (Python {here})",
        )
    if bundle.machine != platform.machine():
        raise InstallFailed(
            f"the bundle is for {bundle.machine}, this host is {platform.machine()}",
            "run scripts/bundle on a machine of the same kind",
        )

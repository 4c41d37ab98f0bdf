"""Where an Asterisk lives: the installed program, and the folders of one instance of it."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SOUNDS = CHECKOUT / "var/sounds"
LENGTHS = "lengths.json"  # language -> prompt -> seconds, below SOUNDS
LONGEST_SOCKET_FOLDER = 80  # a unix socket's path ends at 107 bytes, and Asterisk adds its own name


class AsteriskMissing(RuntimeError):
    """No Asterisk 22 was found; run scripts/setup, which installs one without root."""


@dataclass(frozen=True, slots=True)
class Program:
    """An installed Asterisk: what to execute, and the folders that came with it."""

    binary: Path
    modules: Path
    documentation: Path

    @property
    def data(self) -> Path:
        return self.documentation.parent


def find_program() -> Program:
    """The embedded Asterisk of this checkout, or the host's own.

    Raises:
        AsteriskMissing: neither is there.
    """
    embedded = CHECKOUT / "var/asterisk/bin/asterisk"
    roots = [CHECKOUT / "var/asterisk/dist"] if embedded.exists() else [Path("/")]
    host = shutil.which("asterisk", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    binary = embedded if embedded.exists() else Path(host) if host else None
    modules = [m for root in roots for m in sorted(root.glob("usr/lib/**/asterisk/modules"))]
    if binary is None or not modules:
        raise AsteriskMissing
    return Program(binary, modules[0], roots[0] / "usr/share/asterisk/documentation")


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one running Asterisk, all below `root` (sockets may stand elsewhere)."""

    root: Path

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def conf(self) -> Path:
        return self.etc / "asterisk.conf"

    @property
    def run(self) -> Path:
        """The folder of the control socket: short, whatever the checkout's path is."""
        folder = self.root / "run"
        if len(str(folder)) <= LONGEST_SOCKET_FOLDER:
            return folder
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"l110-{os.getuid()}-{name}"

    def folders(self) -> dict[str, Path]:
        below = {n: self.root / n for n in ("db", "keys", "agi", "spool")}
        return {"etc": self.etc, "log": self.log, "data": self.data, "run": self.run, **below}

    def create(self, program: Program, sounds: Path) -> None:
        """Make every folder, and link in what the program and the prompts bring."""
        for folder in self.folders().values():
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        for folder in (self.log / "cel-custom", self.log / "cdr-custom", self.root / "keys/keys"):
            folder.mkdir(exist_ok=True)
        _link(self.data / "documentation", program.documentation)
        _link(self.data / "rest-api", program.data / "rest-api")
        _link(self.data / "sounds", sounds)
        _link(self.data / "l110-wait", sounds / "l110-wait")


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target)

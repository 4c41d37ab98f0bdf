"""The peers: what starts each, what the dialplan says for it, and what brings it."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.settings import ROOT

HERE = Path(__file__).parent
NPM_HOME = ROOT / "var/bench/peers"


@dataclass(frozen=True, slots=True)
class Peer:
    """`user`: the extension that the switch calls. `port`: of its server; 0: a process per call."""

    name: str
    user: str
    program: str
    port: int
    is_there: Callable[[], bool]
    brought_by: str

    def server(self, host: str) -> Sequence[str]:
        """What runs all the time; nothing for a process per call."""
        if not self.port:
            return ()
        file, at = str(HERE / self.program), (host, str(self.port))
        if file.endswith(".js"):
            return ("node", file, *at, str(NPM_HOME))
        return (sys.executable, file, *at)

    def dialplan(self, folder: Path, host: str) -> str:
        agi = f"agi://{host}:{self.port}/intake" if self.port else str(self._wrapper(folder))
        return (
            f"exten => {self.user},1,Set(GROUP(l110)=line)\n same => n,Answer()\n"
            f" same => n,AGI({agi})\n"
            ' same => n,GotoIf($["${PEER_KEY}" = "2"]?moved,1)\n same => n,Hangup()\n'
        )

    def _wrapper(self, folder: Path) -> Path:
        """Asterisk starts a file by its first line: it gives the interpreter that we run with."""
        program = HERE / self.program
        if program.suffix != ".py":
            return program
        file = folder / program.stem
        file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -s "{program}"\n')
        file.chmod(0o755)
        return file


def _python_has(module: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(module) is not None


def _node_has() -> bool:
    return shutil.which("node") is not None and (NPM_HOME / "node_modules/ding-dong").is_dir()


def _perl_has() -> bool:
    command = ["perl", "-MAsterisk::AGI", "-e", "1"]
    return (
        shutil.which("perl") is not None
        and not subprocess.run(command, capture_output=True, check=False).returncode
    )


PEERS = (
    Peer("pyst2, a process per call", "7001", "pyst2_process.py", 0, _python_has("asterisk.agi"),
         "scripts/setup"),
    Peer("panoramisk FastAGI, guarded", "7002", "panoramisk_fastagi.py", 4701,
         _python_has("panoramisk"), "scripts/setup"),
    Peer("Node FastAGI (ding-dong)", "7003", "ding_dong.js", 4702, _node_has,
         "npm install --prefix var/bench/peers ding-dong"),
    Peer("Perl, a process per call", "7004", "perl_process.pl", 0, _perl_has,
         "apt-get install libasterisk-agi-perl"),
)  # fmt: skip

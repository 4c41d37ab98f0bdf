"""May this node's clock step? The guard on a silent bridge and the CDR run on the wall clock.

A step of an hour forward cuts every caller's menu; a step back leaves him without a guard.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.cli.check import Check, fail, ok, warn

MEND = (
    "Use chrony that slews: in chrony.conf `makestep 1 3` (steps only in the first three updates "
    "after its start) or no makestep, and no second time daemon."
)
STEPS_AT_START = 10  # updates: with chrony's usual intervals the first ten minutes of a boot
CHRONY_FILES = ("etc/chrony/chrony.conf", "etc/chrony.conf", "etc/chrony/conf.d/*.conf")
CONTAINER_MARKS = (".dockerenv", "run/.containerenv", "run/systemd/container")


@dataclass(frozen=True, slots=True)
class ClockProbe:
    """What was seen: each time daemon's command line, chrony's configuration, the surroundings."""

    daemons: dict[str, str]
    chrony_conf: str = ""
    in_container: bool = False


def judge_clock(seen: ClockProbe) -> Check:
    """Any daemon that may step fails the node; of several, the worst counts."""
    if not seen.daemons:
        return _nobody(seen.in_container)
    problems = [problem for name in seen.daemons if (problem := _problem(name, seen))]
    if problems:
        return fail("clock", "; ".join(problems), MEND)
    return ok("clock", f"{', '.join(sorted(seen.daemons))} only slews")


def _nobody(in_container: bool) -> Check:
    if in_container:
        return warn(
            "clock", "kept by the host, which cannot be seen from here", f"On the host: {MEND}"
        )
    return warn("clock", "no time daemon runs: the clock drifts until somebody sets it", MEND)


def _problem(name: str, seen: ClockProbe) -> str | None:
    command = seen.daemons[name]
    match name:
        case "chronyd":
            return _chrony(seen.chrony_conf)
        case "systemd-timesyncd":
            return "systemd-timesyncd steps the clock when it is off by 0.4 s"
        case "ntpd":
            slews = re.search(r"\s(-\w*x\w*|--slew)\b", command)
            return None if slews else "ntpd steps the clock when it is off by 0.128 s"
        case "VBoxService" | "vmtoolsd":
            return f"{name} may set the clock from the host"
        case _:
            return None


def _chrony(conf: str) -> str | None:
    for threshold, limit in re.findall(r"(?m)^\s*makestep\s+(\S+)\s+(-?\d+)", conf):
        if int(limit) < 0:
            return f"chronyd may step at any time (makestep {threshold} {limit})"
        if int(limit) > STEPS_AT_START:
            return f"chronyd may step long after its start (makestep {threshold} {limit})"
    return None


def probe_clock(root: Path = Path("/")) -> ClockProbe:
    files = [f for pattern in CHRONY_FILES for f in sorted(root.glob(pattern))]
    marks = any((root / mark).exists() for mark in CONTAINER_MARKS)
    return ClockProbe(
        daemons=dict(_daemons(root / "proc")),
        chrony_conf="\n".join(f.read_text(errors="replace") for f in files),
        in_container=marks,
    )


def _daemons(proc: Path) -> Iterator[tuple[str, str]]:
    for process in proc.glob("[0-9]*"):
        try:
            short = (process / "comm").read_text().strip()
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("latin-1")
        except OSError:
            continue
        if name := _known(short, command):
            yield name, command


def _known(short: str, command: str) -> str | None:
    """OpenNTPD shares ntpd's name and only slews; its processes carry titles."""
    if short == "ntpd" and command.startswith("ntpd: "):
        return "openntpd"
    names = ("chronyd", "systemd-timesyncd", "ntpd", "VBoxService", "vmtoolsd")
    return next((name for name in names if name[:15] == short), None)

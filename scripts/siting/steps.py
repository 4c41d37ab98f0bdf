"""A step: named, counted, and skipped when it is done already. A failure names cause and mend."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TAIL = 15  # lines of a failed command's output that are shown


class InstallFailed(RuntimeError):
    """What went wrong, and how to mend it. What served before still serves."""

    def __init__(self, cause: str, mend: str) -> None:
        super().__init__(f"{cause}\n  mend: {mend}")


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    there: Callable[[], bool]
    do: Callable[[], None]


def run_steps(steps: Sequence[Step], *, dry: bool) -> int:
    """Returns how many steps had something to do. Raises InstallFailed."""
    done = 0
    for number, step in enumerate(steps, 1):
        try:
            done += _run_step(step, f"[{number}/{len(steps)}] {step.title}", dry=dry)
        except OSError as fault:
            raise InstallFailed(f"{step.title}: {told(fault)}", mend_of(fault)) from fault
    return done


def _run_step(step: Step, line: str, *, dry: bool) -> int:
    if step.there():
        tell(f"{line}: already there")
        return 0
    tell(f"{line}: would be done" if dry else f"{line} ...")
    if not dry:
        step.do()
    return 1


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def told(fault: OSError) -> str:
    return f"{fault.filename}: {fault.strerror}" if fault.filename else str(fault)


def mend_of(fault: OSError) -> str:
    if isinstance(fault, PermissionError):
        return "run it as root, and see that the file system is not read-only"
    return "free space with --prune or `df -h`, then run the same command again"


def run(command: Sequence[object], mend: str, environ: Mapping[str, str] | None = None) -> str:
    """Output of a command that must succeed. Raises InstallFailed with the end of what it said."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environ)
    except FileNotFoundError:
        raise InstallFailed(f"{words[0]} is not on this host", mend) from None
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-TAIL:]
        end = "".join(f"\n    {line}" for line in said)
        raise InstallFailed(f"{Path(words[0]).name} ended with {done.returncode}:{end}", mend)
    return done.stdout

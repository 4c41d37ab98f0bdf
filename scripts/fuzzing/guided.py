"""The same targets led by what each input reaches (atheris), each in a process of its own.

libFuzzer never gives its process back: the child counts for itself, writes what it found, and goes.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scripts.fuzzing.found import Found
from scripts.fuzzing.mutate import SEEDS

PARSERS = ("ivr", "reports", "routing", "scripts.watch")  # what is watched for new ways
LONGEST = 16 * 1024  # bytes of an input
SLACK_S = 60.0  # to start and to end


def is_there() -> bool:
    return importlib.util.find_spec("atheris") is not None


def fuzz_guided(name: str, seconds: float, keep: Path, *, seed: int = 110) -> Found:
    """Raises RuntimeError: the child ended without a word."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "found.json"
        order = [name, str(seconds), str(keep), str(told), str(seed)]
        child = subprocess.run(
            [sys.executable, "-m", "scripts.fuzzing.guided", *order],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=seconds + SLACK_S,
        )
        if not told.exists():
            raise RuntimeError(f"{name}: {child.stderr[-500:]}")
        found = json.loads(told.read_text())
    return Found(**{**found, "crashes": {k: Path(v) for k, v in found["crashes"].items()}})


def _child(name: str, seconds: float, keep: Path, told: Path, seed: int) -> None:
    import atheris

    with atheris.instrument_imports(include=list(PARSERS)):
        from scripts.fuzzing.run import one_by_one
        from scripts.fuzzing.targets import TARGETS
    found = Found(name, way="guided")
    corpus = keep / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    flags = (f"-max_len={LONGEST}", f"-seed={seed}", "-timeout=0", "-rss_limit_mb=0")
    seeds = [str(folder) for folder in (corpus, SEEDS / name) if folder.is_dir()]
    trial = one_by_one(TARGETS[name], found, keep)
    atheris.Setup([name, *flags, *seeds], _until(seconds, trial, found, told))
    atheris.Fuzz()


def _until(
    seconds: float, trial: Callable[[bytes], None], found: Found, told: Path
) -> Callable[[bytes], None]:
    begins = time.monotonic()

    def eat(data: bytes) -> None:
        trial(data)
        found.seconds = time.monotonic() - begins
        if found.seconds >= seconds:
            told.write_text(json.dumps(_plain(found)))
            os._exit(0)

    return eat


def _plain(found: Found) -> dict[str, Any]:
    return {**asdict(found), "crashes": {what: str(file) for what, file in found.crashes.items()}}


if __name__ == "__main__":
    _child(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]))

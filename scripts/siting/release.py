"""A release is built in its place, and counts only once its mark is written, as the last of all."""

import os
import shutil
import sys
from pathlib import Path

from scripts.siting.bundle import Bundle
from scripts.siting.places import ADDED, Places
from scripts.siting.steps import InstallFailed, run
from scripts.siting.switch import complete
from scripts.siting.written import write

PACKAGES = ("agi_scripts", "config", "db", "ivr", "reports", "routing", "scripts", "tickets")
FULL_MB = 50
SPACE = "free space (`df -h`), or see what the line above says; then run it again"


def build(places: Places, bundle: Bundle) -> None:
    """Raises InstallFailed, OSError: what was begun is gone again."""
    target = places.release(bundle.commit)
    shutil.rmtree(target, ignore_errors=True)  # of an attempt that was cut off
    try:
        target.mkdir(parents=True, mode=0o755)
        _unpack(bundle.checkout, target)
        _environment(bundle, target)
        shutil.copytree(bundle.sounds, target / "var/sounds")
        _compile(target)
        write(target / ADDED, f"{bundle.commit}\n")
    except BaseException:
        free_mb = shutil.disk_usage(places.releases).free // 1_000_000
        shutil.rmtree(target, ignore_errors=True)
        if free_mb < FULL_MB:  # what fails for want of space seldom says so
            full = f"the disk is full: {places.releases}, {free_mb} MB left"
            raise InstallFailed(full, SPACE) from None
        raise


def is_built(places: Places, bundle: Bundle) -> bool:
    return complete(places, bundle.commit)


def add_asterisk(places: Places, bundle: Bundle) -> None:
    home = places.release(bundle.commit) / "var/asterisk"
    part = home.with_name("asterisk.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        _unpack(bundle.asterisk, part)
        part.rename(home)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def has_asterisk(places: Places, commit: str) -> bool:
    return (places.release(commit) / "var/asterisk/bin/asterisk").is_file()


def python_of(places: Places, commit: str) -> Path:
    return places.release(commit) / "var/venv/bin/python"


def clean_environ(**more: str) -> dict[str, str]:
    """No setting of whoever installs: no index of packages, no module from elsewhere."""
    kept = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    bare = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **bare, **more}


def _unpack(archive: Path, target: Path) -> None:
    run(["tar", "--no-same-owner", "--no-same-permissions", "-xf", archive, "-C", target], SPACE)


def _environment(bundle: Bundle, target: Path) -> None:
    venv = target / "var/venv"
    run([sys.executable, "-m", "venv", venv], "as root: apt-get install python3-venv")
    offline = ["--no-index", "--find-links", bundle.wheels, "--no-cache-dir"]
    install = [venv / "bin/python", "-m", "pip", "install", "--disable-pip-version-check", *offline]
    locked = ["--no-deps", "--require-hashes", "-r", bundle.lock]
    run([*install, *locked], SPACE, clean_environ())


def _compile(target: Path) -> None:
    """Its user may not write there, so it is done now."""
    folders = [target / name for name in PACKAGES]
    run([target / "var/venv/bin/python", "-m", "compileall", "-q", *folders], SPACE)

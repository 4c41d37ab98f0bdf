"""What goes only because somebody asked for it: old releases, the installation, its records."""

import shutil
import subprocess
from pathlib import Path

from scripts.siting import units
from scripts.siting.chosen import chosen
from scripts.siting.places import Places
from scripts.siting.steps import InstallFailed, run, tell
from scripts.siting.switch import old


def prune(places: Places, *, dry: bool) -> None:
    """Keeps the release that serves and the one before it."""
    for name in old(places):
        tell(f"release {name}: {'would be removed' if dry else 'removed'}")
        if not dry:
            shutil.rmtree(places.release(name))
    tell("nothing was changed" if dry else "old releases are gone; the two last ones stay")


def uninstall(places: Places, *, purge: bool, dry: bool) -> None:
    """Leaves records and settings unless `purge`. Raises InstallFailed: it runs."""
    if places.live and runs():
        raise InstallFailed(
            "it runs, and its calls would be cut off",
            "take the trunk out of service, then: systemctl disable --now l110.target",
        )
    goes = [*units.enabled(places), *units.linked(places), places.launcher, *_includes(places)]
    goes.append(places.home)
    if purge:
        goes += [places.etc, places.var]
    for path in goes:
        if path.is_symlink() or path.exists():
            tell(f"{path}: {'would be removed' if dry else 'removed'}")
            if not dry:
                _remove(path)
    if not purge:
        tell(f"left as they are: {places.etc} (settings, secrets), {places.var} (records)")
    if places.live and not dry and Path("/run/systemd/system").is_dir():
        run(["systemctl", "daemon-reload"], "run `systemctl daemon-reload` by hand")


def runs() -> bool:
    """Any unit of ours; on a host without systemd nothing of ours is started by it."""
    asked = ["systemctl", "list-units", "--plain", "--no-legend", "--state=active", "l110*"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return False
    return bool(done.stdout.strip())


def _includes(places: Places) -> list[Path]:
    if not (places.etc / "install.json").exists():
        return []
    into = chosen(places, embedded=False, into="").into_asterisk
    link = places.at(into) / "l110"
    ours = into and link.is_symlink() and str(link.readlink()) == units.INCLUDED
    return [link] if ours else []


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path)

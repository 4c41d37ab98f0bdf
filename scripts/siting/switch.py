"""Which release serves: one link, switched in one step; the one before stays for the way back."""

from pathlib import Path

from scripts.siting.places import ADDED, Places
from scripts.siting.steps import InstallFailed
from scripts.siting.written import link, links_to


def serving(places: Places) -> str | None:
    """The commit that `current` names."""
    return _named(places.current)


def before(places: Places) -> str | None:
    return _named(places.former)


def _named(path: Path) -> str | None:
    return path.readlink().name if path.is_symlink() else None


def complete(places: Places, commit: str) -> bool:
    return (places.release(commit) / ADDED).is_file()


def switch_to(places: Places, commit: str) -> None:
    """Let `commit` serve. Raises InstallFailed: it is not there in whole."""
    if not complete(places, commit):
        raise InstallFailed(
            f"the release {commit} is not complete", "install it again from its bundle"
        )
    now = serving(places)
    if now == commit:
        return
    if now and complete(places, now):
        link(places.former, f"releases/{now}")
    link(places.current, f"releases/{commit}")


def serves(places: Places, commit: str) -> bool:
    return links_to(places.current, f"releases/{commit}")


def kept(places: Places) -> list[str]:
    if not places.releases.is_dir():
        return []
    return sorted(path.name for path in places.releases.iterdir())


def old(places: Places) -> list[str]:
    """Releases that neither serve nor are the way back."""
    return [name for name in kept(places) if name not in (serving(places), before(places))]

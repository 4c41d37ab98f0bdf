"""Units and Asterisk's includes of a release: rendered by it, kept in it, linked by `current`.

So one switch of `current` switches them too, and the way back brings back the old ones.
"""

import shutil
import tempfile
from pathlib import Path

from scripts.siting.chosen import Chosen
from scripts.siting.places import NAME, USER, Places
from scripts.siting.release import clean_environ, python_of
from scripts.siting.steps import InstallFailed, run
from scripts.siting.written import link, links_to, same, write

ASTERISK = "asterisk"  # the group that Debian's package lets it run as
OWN_ASTERISK = ("l110-asterisk.service", "l110-keep.service")
MEND = "mend the settings that it names (/etc/livelihood110/site.toml), then run it again"
LINKED = f"../../../opt/{NAME}/current/var/systemd"  # holds below another root too
INCLUDED = f"/opt/{NAME}/current/var/includes"


def rendered(places: Places, commit: str, choice: Chosen, secrets: Path) -> dict[str, str]:
    """Name -> text. Secrets that are missing below `secrets` are made there."""
    with tempfile.TemporaryDirectory() as scratch:
        _l110(places, commit, secrets, "config", "systemd", "--user", USER, scratch)
        made = {path.name: path.read_text(encoding="utf-8") for path in Path(scratch).iterdir()}
    made = {name: text.replace(str(secrets), str(places.secrets)) for name, text in made.items()}
    if choice.into_asterisk:
        made = {name: _without_asterisk(t) for name, t in made.items() if name not in OWN_ASTERISK}
    return {name: places.without_root(text) for name, text in made.items()}


def _without_asterisk(text: str) -> str:
    for name in OWN_ASTERISK:
        text = text.replace(f"{name} ", "").replace(f" {name}", "")
    return text


def _l110(places: Places, commit: str, secrets: Path, *command: object) -> str:
    """Below another root the settings name places of the host to come, so others go before."""
    more = {"L110_CONFIG": str(places.settings), "L110_SECRETS_DIR": str(secrets)}
    if not places.live:
        more |= {"L110_VAR_DIR": str(places.var), "L110_RULES_FILE": str(places.rules)}
    environ = clean_environ(PYTHONPATH=str(places.release(commit)), PYTHONSAFEPATH="1", **more)
    return run([python_of(places, commit), "-m", "scripts", *command], MEND, environ)


def _folder(places: Places, commit: str) -> Path:
    return places.release(commit) / "var/systemd"


def are_rendered(places: Places, commit: str, choice: Chosen) -> bool:
    """Looks only: new secrets would be made in a folder that is gone afterwards."""
    folder = _folder(places, commit)
    if not folder.is_dir() or not places.settings.exists():
        return False
    with tempfile.TemporaryDirectory() as scratch:
        for name in (path.name for path in places.secrets.iterdir()):
            (Path(scratch) / name).touch()
        texts = rendered(places, commit, choice, Path(scratch))
        fresh = {path.name for path in Path(scratch).iterdir()}
    kept = {path.name for path in places.secrets.iterdir()}
    here = {path.name for path in folder.iterdir()}
    return fresh == kept and here == set(texts) and all(same(folder / n, texts[n]) for n in texts)


def render(places: Places, commit: str, choice: Chosen) -> None:
    texts = rendered(places, commit, choice, places.secrets)
    folder = _folder(places, commit)
    folder.mkdir(exist_ok=True, mode=0o755)
    for name, text in texts.items():
        write(folder / name, text)
    for path in folder.iterdir():
        if path.name not in texts:
            path.unlink()


def are_linked(places: Places, commit: str) -> bool:
    folder = _folder(places, commit)
    if not folder.is_dir():
        return False
    wanted = {path.name for path in folder.iterdir()}
    found = {path.name for path in linked(places)}
    stale = any(not links_to(path, f"../{path.name}") for path in enabled(places))
    return (
        not stale
        and found == wanted
        and all(links_to(places.units / n, f"{LINKED}/{n}") for n in wanted)
    )


def link_all(places: Places, commit: str) -> None:
    wanted = {path.name for path in _folder(places, commit).iterdir()}
    for name in wanted:
        link(places.units / name, f"{LINKED}/{name}")
    for path in enabled(places):  # systemctl wrote the release's own path, which --prune may remove
        link(path, f"../{path.name}")
    for path in linked(places):
        if path.name not in wanted:
            path.unlink()


def enabled(places: Places) -> list[Path]:
    """Links that `systemctl enable` made."""
    return sorted(places.units.glob("*.wants/l110*"))


def linked(places: Places) -> list[Path]:
    """Our units of this host; nobody else's file is touched."""
    found = sorted(places.units.glob("l110*"))
    return [path for path in found if path.is_symlink() and str(path.readlink()).startswith(LINKED)]


def _give_to_asterisk(path: Path) -> None:
    try:
        shutil.chown(path, group=ASTERISK)
    except LookupError:
        raise InstallFailed(
            f"this host has no group {ASTERISK}, which its Asterisk should run as",
            f"as root: groupadd --system {ASTERISK}, and let Asterisk run in it",
        ) from None


def render_includes(places: Places, commit: str, choice: Chosen) -> None:
    """What the site's own Asterisk includes, and beside it the lines that its files need."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "l110"
        said = _l110(places, commit, places.secrets, "config", "render", target)
        texts = {path.name: path.read_text(encoding="utf-8") for path in target.iterdir()}
    folder = places.release(commit) / "var/includes"
    folder.mkdir(exist_ok=True, mode=0o750)
    _, _, lines = said.partition("Add to the site's files:")
    for name, text in {**texts, "ADD-THESE-LINES.txt": f"Add:{lines}"}.items():
        write(folder / name, places.without_root(text), 0o640)
    if places.live:
        for path in (folder, *folder.iterdir()):
            _give_to_asterisk(path)
    link(places.at(choice.into_asterisk) / "l110", INCLUDED)

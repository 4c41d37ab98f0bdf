"""What was chosen at an installation holds for the next one, until it is chosen anew."""

import json
import shutil
from dataclasses import asdict, dataclass, replace

from scripts.siting.places import Places
from scripts.siting.steps import InstallFailed, run

NEEDED_MAJOR = 22


@dataclass(frozen=True, slots=True)
class Chosen:
    embedded_asterisk: bool = False
    into_asterisk: str = ""  # folder of the configuration of an Asterisk that the site runs itself

    def text(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"


def chosen(places: Places, *, embedded: bool, into: str) -> Chosen:
    """Raises InstallFailed: two that exclude each other."""
    if embedded and into:
        raise InstallFailed(
            "--embedded-asterisk and --into-asterisk exclude each other", "choose one of them"
        )
    path = places.etc / "install.json"
    kept = Chosen(**json.loads(path.read_text())) if path.exists() else Chosen()
    if embedded:
        return replace(kept, embedded_asterisk=True, into_asterisk="")
    return replace(kept, embedded_asterisk=False, into_asterisk=into) if into else kept


def check_asterisk(places: Places, choice: Chosen) -> None:
    """A host whose Asterisk cannot carry the dialplan learns it before anything is changed.

    Raises InstallFailed.
    """
    if choice.embedded_asterisk or not places.live:
        return
    mend = (
        f"install Asterisk {NEEDED_MAJOR} or newer (Debian 12 has none), "
        "or bring one along: scripts/bundle --embedded-asterisk, then --embedded-asterisk here"
    )
    program = shutil.which("asterisk", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        raise InstallFailed("this host has no Asterisk", mend)
    said = run([program, "-V"], mend).strip()
    major = said.removeprefix("Asterisk ").partition(".")[0]
    if not major.isdigit() or int(major) < NEEDED_MAJOR:
        raise InstallFailed(f"this host's Asterisk is too old: {said}", mend)

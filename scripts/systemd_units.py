"""systemd's units for one site, filled from config/systemd. They mean what `l110 up` means."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from config.settings import ROOT, Settings
from scripts.asterisk_config import fill, secret
from scripts.asterisk_home import Home
from scripts.desk_context import CODES_KEY
from scripts.keeper.patience import patience_s

SOURCES = ROOT / "config/systemd"
MANAGER = ("ami-reader", "ami-actor")
FIGURES = "asterisk-metrics"
LINKS = "answer-links"
WORKER = ("ami-actor", LINKS, "webhook")  # calls back, signs links and webhooks
MAIL_PASSWORD = "smtp-password"  # of a site's mail server; handed out where it is there
PASSWORDS = "pgpass"  # PostgreSQL's own file of passwords; used where it is there
KEEPER_S = 30.0
DESK = "l110-desk.service"
AGAIN_S = 0.5
ODD = re.compile(r"[\s%\"'\\$;]")


class UnitsRefused(ValueError):
    """systemd would read these units in another sense, or they could not work; says why."""


def units(settings: Settings, config: Path | None, user: str) -> dict[str, str]:
    """Name of the file -> its text. Makes the secrets that the units hand out.

    Raises:
        UnitsRefused: a path that systemd reads otherwise, or one that is too long.
    """
    given = [ROOT, settings.var, config or ROOT, Path(sys.executable), Path(user)]
    odd = [str(path) for path in given if ODD.search(str(path))]
    if odd:
        raise UnitsRefused(f"systemd reads blanks, quotes and % in its own way: {', '.join(odd)}")
    home = Home(settings.asterisk_dir)
    if settings.var not in home.run.parents:
        raise UnitsRefused(f"var_dir is too long a path for a socket below it: {settings.var}")
    values = _values(settings, config, user)
    left_out = set() if settings.web.serve else {DESK}
    return {
        unit.name: fill(unit.read_text(encoding="utf-8"), values)
        for unit in sorted(SOURCES.glob("l110*"))
        if unit.name not in left_out
    }


def _values(settings: Settings, config: Path | None, user: str) -> dict[str, object]:
    seats = (*settings.police.seats, *settings.livelihood.seats)
    registered = [f"seat-{seat.number}" for seat in seats if seat.at == "registered"]
    passwords = _passwords(settings)
    silent = {f"{name}_silent_s": f"{s:g}" for name, s in patience_s(settings).items()}
    return {
        **silent,
        "keep_silent_s": f"{KEEPER_S:g}",
        "again_s": AGAIN_S,
        "node": settings.node,
        "root": ROOT,
        "var": settings.var,
        "user": user,
        "python": sys.executable,
        "site": f"Environment=L110_CONFIG={config}\n" if config else "",
        "start_s": f"{settings.supervisor.ready_within_s:g}",
        "stop_s": f"{settings.supervisor.stop_within_s:g}",
        "hardening": fill((SOURCES / "hardening.part").read_text(), {"var": settings.var}),
        "all_credentials": _credentials(settings, [*MANAGER, FIGURES, *registered]),
        "manager_credentials": _credentials(settings, MANAGER),
        "worker_credentials": _credentials(settings, [*WORKER, *_if_there(settings)]),
        "store_credentials": passwords,
        **_of_the_desk(settings),
    }


def _of_the_desk(settings: Settings) -> dict[str, object]:
    """No secret of a desk is made where none is run."""
    if not settings.web.serve:
        return {"desk": "", "desk_silent_s": "0", "desk_credentials": ""}
    return {"desk": f" {DESK}", "desk_credentials": _credentials(settings, [CODES_KEY, LINKS])}


def _credentials(settings: Settings, names: Iterable[str]) -> str:
    """Read by systemd itself, so that the files may be root's alone."""
    lines = []
    for name in names:
        path = settings.secret_path(name)
        secret(path)
        lines.append(f"LoadCredential={name}:{path}\n")
    return "".join(lines)


def _if_there(settings: Settings) -> list[str]:
    return [MAIL_PASSWORD] if settings.secret_path(MAIL_PASSWORD).exists() else []


def _passwords(settings: Settings) -> str:
    path = settings.secret_path(PASSWORDS)
    if not path.exists():
        return ""
    return f"LoadCredential={PASSWORDS}:{path}\nEnvironment=PGPASSFILE=%d/{PASSWORDS}\n"

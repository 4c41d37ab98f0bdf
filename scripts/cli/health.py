"""What a node looks like from outside: processes, ports, journal, store."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from db.engine import StoreUrlUnknown, make_engine, store_name
from db.upgrade import current, newest
from ivr.alarms import Severity
from scripts.asterisk_home import Home
from scripts.cli import ports, running, supervision
from scripts.cli.backlog import cel_backlog, journal_backlog
from scripts.keeper.console import console_is_open
from scripts.watch import told
from scripts.watch.board import standing


@dataclass(frozen=True, slots=True)
class Store:
    name: str
    reachable: bool
    revision: str | None
    needed: str
    problem: str | None = None

    @property
    def is_up_to_date(self) -> bool:
        return self.reachable and self.revision == self.needed


def look_at_store(settings: Settings) -> Store:
    needed = newest()
    if _is_unmade_file(settings):
        return Store(settings.store_url, False, None, needed, "not made yet: `l110 up` makes it")
    try:
        engine = make_engine(settings.store_url)
    except (StoreUrlUnknown, SQLAlchemyError) as error:
        return Store("database_url", False, None, needed, str(error))
    try:
        return Store(store_name(engine), True, current(engine), needed)
    except SQLAlchemyError as error:
        return Store(store_name(engine), False, None, needed, _first_line(error))
    finally:
        engine.dispose()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _is_unmade_file(settings: Settings) -> bool:
    """Only to look must not make it."""
    if not settings.store_url.startswith("sqlite"):
        return False
    name = make_url(settings.store_url).database
    return bool(name) and name != ":memory:" and not Path(str(name)).exists()


def _listeners(settings: Settings, *, asked: bool) -> list[dict[str, Any]]:
    return [
        {
            "setting": port.setting,
            "protocol": port.protocol,
            "host": port.host,
            "port": port.number,
            "answers": asked and ports.listening(port),
        }
        for port in ports.ports_of(settings)
    ]


def alarms_of(settings: Settings) -> list[dict[str, str]]:
    """What the watch says; if it says nothing, that is the alarm."""
    seen = told.heard(told.path_of(settings))
    if seen is not None:
        return list(seen["alarms"])
    return [standing("watch-silent", "`l110 watch` has not looked for ten seconds", "").to_json()]


def _runs_unwatched(settings: Settings) -> bool:
    """Whether there is a node although no supervisor and no watch says so.

    Its Asterisk has its console open; or a watch that nobody stopped left its last word, and one
    of the ports is taken.
    """
    if console_is_open(Home(settings.asterisk_dir).run / "asterisk.ctl"):
        return True
    left = told.path_of(settings).exists()
    return left and any(port["answers"] for port in _listeners(settings, asked=True))


def status_of(settings: Settings) -> dict[str, Any]:
    """The shape of `l110 status --json`."""
    try:
        found = supervision.processes(settings)
    except supervision.SupervisorAway:
        found = []
    heard = told.heard(told.path_of(settings)) is not None  # or under systemd
    runs = bool(found) or heard or _runs_unwatched(settings)
    listeners = _listeners(settings, asked=runs)
    store = look_at_store(settings)
    journal = journal_backlog(settings)
    answers = runs and running.booted(settings)
    up = [answers, *(p.runs for p in found)] + [bool(p["answers"]) for p in listeners]
    healthy = runs and all(up) and store.is_up_to_date and journal is not None
    alarms = alarms_of(settings) if runs else []
    grave = any(alarm["severity"] == Severity.CRITICAL.value for alarm in alarms)
    return {
        "state": "up" if healthy and not grave else "partly" if runs else "down",
        "node": settings.node,
        "alarms": alarms,
        "asterisk_answers": answers,
        "processes": [process.to_json() for process in found],
        "ports": listeners,
        "journal": journal.to_json() if journal else {"waiting": None, "oldest_s": None},
        "cel": {"behind_bytes": cel_backlog(settings) if store.is_up_to_date else None},
        "store": asdict(store),
    }

"""`l110 journal`: what waits on this node for the store, and whether all of it can be read."""

import json
import logging
import sqlite3
import sys
import time
from dataclasses import asdict

import click
import structlog

from config.settings import Settings
from db.forwarder import STORE_AWAY, Forwarder
from db.journal_check import JournalProof, look_at_journal, verify_journal
from db.journal_feed import JournalFeed
from db.journal_file import JournalTooNew
from scripts.cli.backlog import age_s
from scripts.cli.context import Site, pass_site
from scripts.store import StoreAway, StoreRefused, first_line, ready_store

NEVER = 'Never delete the file: it holds calls. docs/runbook.md, "The journal\'s disk failed".'
TRIES = 5  # the forwarder may hold the very rows; PostgreSQL ends one of the two
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def journal() -> None:
    """Steps of calls that this node keeps until the store has them."""


@journal.command("status")
@json_option
@pass_site
def journal_status(site: Site, as_json: bool) -> None:
    """How many steps wait and for how long; exit status 1 if the file cannot be used."""
    told = status_of(site.settings)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    elif told["problem"]:
        click.echo(f"Error: {told['problem']}", err=True)
    elif told["release"] is None:
        click.echo(f"{told['path']}: none yet; the bridge makes it at its start")
    else:
        age = f", the oldest for {told['oldest_s']:.0f} s" if told["oldest_s"] is not None else ""
        click.echo(f"{told['path']}: {told['waiting']} steps wait{age}")
        click.echo(f"{told['bytes']} bytes, written by release {told['release']}, healthy")
    sys.exit(0 if told["healthy"] else 1)


def status_of(settings: Settings) -> dict[str, str | float | bool | None]:
    """The shape of `l110 journal status --json`. healthy: it can be read, and is not newer."""
    path = settings.journal_path
    told: dict[str, str | float | bool | None] = {
        "path": str(path),
        "waiting": 0,
        "oldest_s": None,
        "bytes": 0,
        "release": None,
        "healthy": True,
        "problem": None,
    }
    if not path.exists():
        return told
    try:
        found = look_at_journal(path)
    except JournalTooNew as fault:
        return {
            **told,
            "waiting": None,
            "release": fault.release,
            "healthy": False,
            "problem": str(fault),
        }
    except (sqlite3.Error, TypeError) as fault:
        return {**told, "waiting": None, "healthy": False, "problem": _unreadable(settings, fault)}
    oldest_s = age_s(found.oldest) if found.oldest else None
    now = {"waiting": found.waiting, "oldest_s": oldest_s, "bytes": found.size}
    return {**told, **now, "release": found.release}


def _unreadable(settings: Settings, fault: Exception) -> str:
    return f"{settings.journal_path} cannot be read: {fault}. {NEVER}"


@journal.command("replay")
@json_option
@pass_site
def journal_replay(site: Site, as_json: bool) -> None:
    """Push everything into the store now; safe again and again, and beside the forwarder.

    Exit status 1 if the store refused steps: they are in its quarantine.
    """
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)  # the command itself says what is wrong
    told = _replay(site.settings)
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(f"{told['replayed']} steps are in the store, {told['waiting']} wait")
        if told["quarantined"]:
            click.echo(f"{told['quarantined']} are in quarantine: docs/runbook.md", err=True)
    sys.exit(1 if told["quarantined"] else 0)


def _replay(settings: Settings) -> dict[str, int]:
    """Raises ClickException: nothing is lost, and whatever was not stored still waits."""
    feed = JournalFeed(settings.journal_path, settings.node)
    try:
        feed.waiting()  # a journal that cannot be read is no empty one
        engine = ready_store(settings.store_url)
        try:
            forwarder = Forwarder([feed], engine)
            _drain(forwarder)
        finally:
            engine.dispose()
        return {
            "replayed": forwarder.stored,
            "quarantined": forwarder.quarantined,
            "waiting": feed.waiting(),
        }
    except JournalTooNew as fault:
        raise click.ClickException(str(fault)) from None
    except (sqlite3.Error, TypeError) as fault:
        raise click.ClickException(_unreadable(settings, fault)) from None
    except (StoreAway, StoreRefused, *STORE_AWAY) as fault:
        kept = "Nothing is lost: the journal keeps what the store has not."
        raise click.ClickException(f"{first_line(fault)}. {kept}") from None
    finally:
        feed.close()


def _drain(forwarder: Forwarder) -> None:
    for left in reversed(range(TRIES)):
        try:
            forwarder.drain()
        except STORE_AWAY:
            if not left:
                raise
            time.sleep(0.2)
        else:
            return


@journal.command("verify")
@json_option
@pass_site
def journal_verify(site: Site, as_json: bool) -> None:
    """Whether every step can be read; exit status 1 if not. Changes nothing."""
    proof = _proof(site.settings)
    if as_json:
        click.echo(json.dumps({"whole": proof.whole, **asdict(proof)}, ensure_ascii=False))
    else:
        for line in _told(proof):
            click.echo(line)
    sys.exit(0 if proof.whole else 1)


def _proof(settings: Settings) -> JournalProof:
    path = settings.journal_path
    if not path.exists():
        raise click.ClickException(f"{path}: there is none; the bridge makes it at its start.")
    try:
        return verify_journal(path)
    except JournalTooNew as fault:
        raise click.ClickException(str(fault)) from None
    except (sqlite3.Error, TypeError) as fault:
        raise click.ClickException(_unreadable(settings, fault)) from None


def _told(proof: JournalProof) -> list[str]:
    """One line for each thing that is wrong, and a sum."""
    lines = [f"damaged: {line}" for line in proof.damage]
    lines += [f"unreadable: step {bad.seq}: {bad.problem}" for bad in proof.unreadable]
    if proof.torn:
        lines.append(f"torn: {proof.torn} pages at the end of the log, which nobody was promised")
    good = proof.steps - len(proof.unreadable)
    return [
        *lines,
        f"{good} of {proof.steps} steps can be read; {'' if proof.whole else 'NOT '}whole",
    ]

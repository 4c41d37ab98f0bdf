"""`l110 up`, `down` and `status`."""

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from config.settings import Settings
from scripts.cli import running, supervision
from scripts.cli.backlog import JournalBacklog
from scripts.cli.context import Site, config_option, pass_site
from scripts.cli.health import status_of

console = Console(stderr=True)


@click.command()
@click.option("--detach", is_flag=True, help="Return when everything answers; stop it by `down`.")
@config_option
@pass_site
def up(site: Site, detach: bool, config: Path | None) -> None:
    """Start Asterisk, bridge and forwarder, and wait until they answer.

    Without --detach it stays until Ctrl-C and takes everything down again.
    """
    site = Site(config) if config else site
    settings = site.settings
    asked = _asked_to_end()
    try:
        with running.one_at_a_time(settings):
            if _runs(settings):
                console.print("already running; `l110 status` says how it is")
                return
            _bring_up(settings, site.config)
    except running.NotStarted as error:
        raise click.ClickException(str(error)) from None
    console.print(f"[green]ready[/]: calls to {settings.sip.host}:{settings.sip.port} are taken")
    if not detach:
        _stay(settings, asked)


@click.command()
@config_option
@pass_site
def down(site: Site, config: Path | None) -> None:
    """Stop everything that `up` started."""
    settings = (Site(config) if config else site).settings
    console.print("stopped" if running.stop(settings) else "nothing was running")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@config_option
@pass_site
def status(site: Site, as_json: bool, config: Path | None) -> None:
    """Say what is wrong, what runs, what answers, and what waits.

    The exit status is 1 if not all is well. Each alarm names its place in the runbook.
    """
    found = status_of((Site(config) if config else site).settings)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _draw(found)
    sys.exit(0 if found["state"] == "up" and not found["alarms"] else 1)


def _bring_up(settings: Settings, config: Path | None) -> None:
    for warning in running.prepare(settings):
        console.print(f"[yellow]warning[/]: {escape(warning)}", soft_wrap=True)
    try:
        running.start(settings, config)
        _watch(settings)
    except BaseException:  # Ctrl-C too: half a node is worse than none
        running.stop(settings)
        raise


def _watch(settings: Settings) -> None:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        names = [part.name for part in running.parts(settings)]
        task = progress.add_task("waiting for " + ", ".join(names))

        def tick(name: str) -> None:
            names.remove(name)
            progress.update(task, description="waiting for " + ", ".join(names))
            progress.console.print(f"{name} answers")

        try:
            running.wait_until_ready(settings, tick)
        except supervision.SupervisorAway as error:
            raise running.NotStarted(f"the supervisor went away: {error}") from error


def _asked_to_end() -> threading.Event:
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _end(asked))
    return asked


def _end(asked: threading.Event) -> None:
    asked.set()
    raise KeyboardInterrupt


def _stay(settings: Settings, asked: threading.Event) -> None:
    console.print("Ctrl-C takes everything down")
    try:
        while _runs(settings):
            asked.wait(1)
        raise click.ClickException(
            "the supervisor has ended: somebody stopped it, or it was killed"
        )
    except KeyboardInterrupt:
        console.print("stopping")
    finally:
        running.stop(settings)


def _runs(settings: Settings) -> bool:
    try:
        return bool(supervision.processes(settings))
    except supervision.SupervisorAway:
        return False


def _draw(found: dict[str, Any]) -> None:
    table = Table(title=f"node {found['node']}: {found['state']}")
    for heading in ("what", "state", "detail"):
        table.add_column(heading)
    if found["processes"] and not found["asterisk_answers"]:
        table.add_row("asterisk", "[red]frozen[/]", "runs, but does not answer on its console")
    for process in found["processes"]:
        detail = f"pid {process['pid']}, {process['uptime_s']} s" if process["pid"] else ""
        table.add_row(process["name"], process["state"].lower(), detail)
    for port in found["ports"]:
        answers = "answers" if port["answers"] else "silent"
        where = f"{port['host']}:{port['port']}/{port['protocol']}"
        table.add_row(port["setting"], answers, where)
    table.add_row(*_journal_row(found["journal"]))
    behind = found["cel"]["behind_bytes"]
    told = "only the store knows" if behind is None else f"{behind} bytes not stored yet"
    table.add_row("call records", "unknown" if behind is None else "ok", told)
    store = found["store"]
    table.add_row(
        "store", "ok" if store["reachable"] else "away", store["problem"] or store["name"]
    )
    Console().print(table)
    _draw_alarms(found["alarms"])


def _draw_alarms(alarms: list[dict[str, str]]) -> None:
    colours = {"critical": "red", "warning": "yellow"}
    for alarm in alarms:
        head = f"[{colours[alarm['severity']]}]{alarm['severity']}: {alarm['name']}[/]"
        says = f"{alarm['zh']} / {alarm['en']}: {escape(alarm['detail'])}"
        since = f" since {alarm['since']}" if alarm["since"] else ""
        Console().print(f"{head}{since}\n  {says}\n  mend: {alarm['runbook']}", soft_wrap=True)


def _journal_row(journal: dict[str, Any]) -> tuple[str, str, str]:
    if journal["waiting"] is None:
        return "journal", "[red]unreadable[/]", 'docs/runbook.md, "The journal\'s disk failed"'
    return "journal", "ok", str(JournalBacklog(**journal))

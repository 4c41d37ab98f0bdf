"""`l110 db backup` and `l110 db restore`."""

import json
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from db.backup.archive import Manifest
from db.backup.errors import BackupRefused
from db.backup.run import back_up, restore
from scripts.cli.context import Site, pass_site
from scripts.cli.supervision import paused
from scripts.store import first_line

json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
a_file = click.Path(path_type=Path, resolve_path=True)


@click.command("backup")
@click.argument("target", type=a_file)
@json_option
@pass_site
def db_backup(site: Site, target: Path, as_json: bool) -> None:
    """Back the store up into TARGET, a file or a folder, while calls go on.

    The file holds callers' numbers: it is readable by its owner only, and not encrypted.
    """
    try:
        path, manifest = back_up(site.settings.store_url, target)
    except (BackupRefused, OSError, DBAPIError) as fault:
        raise click.ClickException(first_line(fault)) from None
    if as_json:
        click.echo(json.dumps({"path": str(path), **_told(manifest)}))
        return
    click.echo(
        f"{path}: {manifest.calls} calls, {manifest.size} bytes, revision {manifest.revision}"
    )
    click.echo("已备份 / backed up; keep it on another machine, and try it with `l110 db restore`.")


@click.command("restore")
@click.argument("file", type=a_file)
@click.option("--replace", is_flag=True, help="Take away what the store has now.")
@json_option
@pass_site
def db_restore(site: Site, file: Path, replace: bool, as_json: bool) -> None:
    """Restore a backup into an empty store, and compare each table with what was backed up.

    Calls go on. Forwarder and worker of `l110 up` are stopped meanwhile; stop those of other nodes
    and of systemd first (`systemctl stop l110-forward l110-worker`). Once started they go on from
    where the backup stood: call records are read again, what was sent since is sent again.
    """
    try:
        with paused(site.settings, "forward"), paused(site.settings, "worker"):
            done = restore(file, site.settings.store_url, replace=replace)
    except (BackupRefused, OSError, DBAPIError) as fault:
        raise click.ClickException(first_line(fault)) from None
    if as_json:
        aside = str(done.aside) if done.aside else None
        click.echo(json.dumps({**_told(done.manifest), "revision": done.revision, "aside": aside}))
        return
    click.echo(
        f"{done.manifest.calls} calls of {done.manifest.made_at} are restored, each table as it"
        f" was; tables are at revision {done.revision}"
    )
    if done.aside:
        click.echo(f"what was there is {done.aside}")
    click.echo("已恢复 / restored; start what forwarders you stopped, then `l110 audit calls`.")


def _told(manifest: Manifest) -> dict[str, object]:
    rows = {name: table.rows for name, table in manifest.tables.items()}
    return {
        "made_at": manifest.made_at,
        "release": manifest.release,
        "revision": manifest.revision,
        "kind": manifest.kind,
        "rows": rows,
        "size": manifest.size,
        "sha256": manifest.sha256,
    }

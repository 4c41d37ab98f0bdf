"""`l110 config`: the settings in force, and the files for a site's own Asterisk."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from config.settings import Settings
from db.engine import public_url
from scripts.asterisk_config import render_site
from scripts.cli.context import Site, pass_site
from scripts.systemd_units import UnitsRefused, units

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")  # TOML wants quotes round any other
# What Asterisk's configuration has to say: file -> lines.
ADDITIONS: dict[str, tuple[str, ...]] = {
    "extensions.conf": (
        "[globals]",
        "#include l110/globals.conf",
        "; and at the end of the file:",
        "#include l110/extensions.conf",
    ),
    "pjsip.conf": (
        "; in the section with type=global:",
        "endpoint_identifier_order=ip,auth_username,username",
        "; at the end of the file; the site's own UDP transport is used:",
        "#include l110/pjsip.conf",
        "#include l110/pjsip-site.conf",
    ),
    "queues.conf": ("#include l110/queues.conf",),
    "cel.conf": ("#include l110/cel.conf",),
    "cel_custom.conf": ("#include l110/cel_custom.conf",),
    "cdr.conf": ("#include l110/cdr.conf",),
    "cdr_custom.conf": ("#include l110/cdr_custom.conf",),
    "features.conf": ("#include l110/features.conf",),
    "geolocation.conf": ("#include l110/geolocation.conf",),
    "musiconhold.conf": ("#include l110/musiconhold.conf",),
    "cli.conf": (
        "[startup_commands]",
        "channel originate Local/s@l110-boot application NoOp = yes",
    ),
}
NOTES = """\
queues.conf, cel.conf and cdr.conf of ours begin with a [general] of their own: where the site's
file has one, merge the two by hand, because Asterisk heeds the first one only.
modules.conf: whatever config/asterisk/embedded/modules.conf loads, res_cdrel_custom before
cel_custom and cdr_custom.
Settings: records.cel_file and records.cdr_file name the two files that this Asterisk will write,
<astlogdir>/cel-custom/l110.jsonl and <astlogdir>/cdr-custom/l110-cdr.jsonl; records.starts_dir a
folder in memory that it may write and the forwarder may read.
Sounds and the processes beside Asterisk: docs/runbook.md, "A site's own Asterisk"."""


@click.group()
def config() -> None:
    """Settings in force, and files for a site's own Asterisk."""


@config.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@pass_site
def render(site: Site, folder: Path) -> None:
    """Write what a site includes into the configuration of its own Asterisk.

    DIR is the folder l110 beside that Asterisk's asterisk.conf. Safe to run again: each file is
    written anew in one piece, and nothing outside DIR is touched.
    """
    try:
        render_site(site.settings, folder)
    except OSError as fault:
        raise click.ClickException(f"{fault.filename or folder}: {fault.strerror}") from None
    written = sorted(path.name for path in folder.glob("*.conf"))
    click.echo(f"{folder}: {', '.join(written)}")
    click.echo("Readable by their owner only: give them to the user that Asterisk runs as.")
    if folder.resolve().name != "l110":
        click.echo("They include each other as l110/...: put them into a folder of that name.")
    click.echo("\nAdd to the site's files:\n")
    for name, lines in additions(site.settings).items():
        click.echo("\n".join([f"{name}:", *(f"    {line}" for line in lines)]))
    click.echo(f"\n{NOTES}")


def additions(settings: Settings) -> dict[str, tuple[str, ...]]:
    """File of the site -> lines that it needs."""
    own = (f"systemname = {settings.node}", "live_dangerously = no")
    return {**ADDITIONS, "asterisk.conf": ("[options]", *own)}


@config.command()
@click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path)
)
@click.option("--user", default="l110", show_default=True, help="Whom the processes run as.")
@pass_site
def systemd(site: Site, folder: Path | None, user: str) -> None:
    """Print this node's systemd units, or write them into DIR.

    It makes the secrets that they hand out (<var_dir>/secrets). See docs/runbook.md, "Under
    systemd".
    """
    try:
        made = units(site.settings, site.config, user)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in made.items():
                (folder / name).write_text(text, encoding="utf-8")
    except UnitsRefused as fault:
        raise click.ClickException(str(fault)) from None
    except OSError as fault:
        raise click.ClickException(f"{fault.filename or folder}: {fault.strerror}") from None
    if folder:
        click.echo(f"{folder}: {', '.join(made)}")
        return
    for name, text in made.items():
        click.echo(f"# ---- {name}\n{text}")


@config.command("show")
@click.option("--json", "as_json", is_flag=True, help="For programs; otherwise TOML.")
@pass_site
def show(site: Site, as_json: bool) -> None:
    """Every setting with the value it has now; the password of database_url is hidden."""
    values = effective(site.settings)
    click.echo(json.dumps(values, ensure_ascii=False) if as_json else "\n".join(as_toml(values)))


def effective(settings: Settings) -> dict[str, Any]:
    values = settings.model_dump(mode="json")
    return {**values, "database_url": _without_password(settings.database_url)}


def _without_password(url: str) -> str:
    try:
        return public_url(make_url(url)) if url else ""
    except (ArgumentError, ValueError):
        return "*** (no URL that can be read)"


def as_toml(values: Mapping[str, Any]) -> Iterator[str]:
    """Plain values first, as TOML wants it; then one table each."""
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    yield from (f"{key} = {_toml(value)}" for key, value in plain.items())
    for name, table in values.items():
        if isinstance(table, Mapping):
            yield from ("", f"[{name}]", *(f"{key} = {_toml(v)}" for key, v in table.items()))


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {_toml(v)}' for key, v in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)  # a string of JSON is one of TOML


def _key(name: str) -> str:
    return name if BARE_KEY.fullmatch(name) else json.dumps(name)

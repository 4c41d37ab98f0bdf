"""`l110 chaos`: the faults of the catalogue, injected into systems of their own."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Table

from scripts.asterisk_home import CHECKOUT
from scripts.chaos.catalogue import Fault, catalogue
from scripts.chaos.findings import Finding, read
from scripts.chaos.page import page
from scripts.chaos.verdict import Row, rows

PAGE = CHECKOUT / "docs/reliability.md"
FINDINGS = CHECKOUT / "var/chaos"


@click.group()
def chaos() -> None:
    """Inject faults into systems of their own on this machine, and say what they came to."""


@chaos.command("list")
def list_() -> None:
    """Every fault and bad input, and what it must come to."""
    table = Table("#", "fault", "must come to", "not tested because")
    for fault in catalogue().values():
        table.add_row(fault.number, fault.what, fault.outcome, fault.later)
    Console().print(table)


@chaos.command()
@click.option("--only", default="", metavar="N,..", help="Numbers of the catalogue, as 27,B8.")
@click.option("--json", "as_json", is_flag=True, help="Every finding, for programs.")
@click.option("--load", is_flag=True, help="The long ones, too, which need a quiet machine.")
@click.option("--write", is_flag=True, help="Write docs/reliability.md from what was seen.")
def run(*, only: str, as_json: bool, load: bool, write: bool) -> None:
    """Run the tests of the faults; exit status 1 if one failed.

    Each starts a node, a switch and callers on loopback addresses of its own: a node that runs on
    this machine is not touched. All of them take about twenty minutes.
    """
    book = catalogue()
    _check(only, book)
    if write and only:
        raise click.UsageError("--write needs a run of all of them")
    shutil.rmtree(FINDINGS, ignore_errors=True)
    status = _pytest(only, load=load, quiet=as_json)
    findings = read(FINDINGS)
    if as_json:
        click.echo(json.dumps([_as_dict(finding) for finding in findings], ensure_ascii=False))
    else:
        _draw([row for row in rows(book, findings) if row.tests])
    if write:
        PAGE.write_text(page(book, findings, f"{datetime.now(UTC):%Y-%m-%d}"))
        click.echo(f"written: {PAGE}")
    sys.exit(0 if status == 0 and findings else 1)


def _check(only: str, book: Mapping[str, Fault]) -> None:
    if importlib.util.find_spec("xdist") is None:
        raise click.ClickException("the tests' packages are missing: run scripts/setup --tests")
    unknown = [number for number in filter(None, only.split(",")) if number not in book]
    if unknown:
        raise click.BadParameter(f"no such fault: {', '.join(unknown)}; see `l110 chaos list`")


def _pytest(only: str, *, load: bool, quiet: bool) -> int:
    workers = os.environ.get("L110_TEST_WORKERS", "3")
    marks = "fault or control" if load else "(fault or control) and not load"
    command = [sys.executable, "-m", "pytest", "-m", marks, "-q", "-n", workers]
    command += ["--dist", "loadfile", f"--findings={FINDINGS}", f"--fault={only}"]
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, cwd=CHECKOUT, stdout=output, check=False).returncode


def _draw(found: list[Row]) -> None:
    table = Table("#", "fault", "the caller", "records", "result", "not told")
    for row in found:
        colour = "green" if row.passed else "red"
        result = f"[{colour}]{row.result}[/]"
        caller, records = "; ".join(row.caller), "; ".join(row.records)
        lacks = ", ".join(row.lacks)
        table.add_row(row.fault.number, row.fault.what, caller, records, result, lacks)
    Console().print(table)


def _as_dict(finding: Finding) -> dict[str, object]:
    return {name: getattr(finding, name) for name in finding.__slots__}

"""`l110 doctor --switch`: one test call, and what it says of the switch."""

import json
import signal
import sys

import click
from rich.console import Console

from config.settings import Settings
from scripts.refer_trial import report
from scripts.refer_trial.errors import TrialFailed
from scripts.refer_trial.run import make_trial, try_switch


def doctor_switch(settings: Settings, number: str | None, wait_s: float, *, as_json: bool) -> None:
    """Ends the program: status 0 when the switch is judged, whatever it can do; else 1."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave through every `finally`
    try:
        found = try_switch(settings, make_trial(settings, number, wait_s), _say)
    except TrialFailed as error:
        if as_json:
            click.echo(json.dumps(report.failure(error), ensure_ascii=False))
        else:
            click.echo(f"{error.zh}\n{error.en}\n{error.mend}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(report.as_dict(found), ensure_ascii=False))
    else:
        report.draw(found, Console())
    sys.exit(0 if found.verdict.mode else 1)


def _say(zh: str, en: str) -> None:
    click.echo(f"{zh} {en}", err=True)

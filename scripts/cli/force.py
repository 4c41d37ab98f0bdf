"""`l110 calls end`: the forced release of one call, named by its whole id."""

import asyncio
import json
import logging
import os
import pwd
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import structlog

from config.settings import Settings
from db.journal import Journal, JournalBroken
from db.journal_file import JournalTooNew
from ivr.ami import Ami
from ivr.cel import CALL_ID
from ivr.forced import EndedLeg, LiveLeg, end_leg, live_legs
from reports.masking import mask_number
from routing.steps import Step, StepKind
from scripts.cli.actor import with_actor
from scripts.cli.context import Site, pass_site

LONGEST_REASON: Final = 200
LOGIN_UID: Final = Path("/proc/self/loginuid")  # kept by the kernel through sudo and su
NOT_LOGGED_IN: Final = 2**32 - 1


def reason_of(_context: click.Context, _option: click.Parameter, text: str) -> str:
    """Raises BadParameter: empty, too long, or with characters that no line can hold."""
    text = text.strip()
    if not text or len(text) > LONGEST_REASON or not text.isprintable():
        raise click.BadParameter(f"one line of 1 to {LONGEST_REASON} printable characters, please.")
    return text


def whole_id(_context: click.Context, _argument: click.Parameter, call_id: str) -> str:
    """Raises BadParameter: the end of an id is enough to look, and not to end somebody's call."""
    if not CALL_ID.fullmatch(call_id):
        raise click.BadParameter(
            f"{call_id} is no whole id; `l110 calls show {call_id}` has it in its title."
        )
    return call_id


@click.command("end")
@click.argument("call_id", callback=whole_id)
@click.option("--reason", required=True, callback=reason_of, help="Why; stays on record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="For programs; numbers masked. With --yes.")
@pass_site
def calls_end(site: Site, *, call_id: str, reason: str, yes: bool, as_json: bool) -> None:
    """End a live call by force, and free its police line at once.

    For a call whose other side never hangs up: called-party control, a line that stays silent.

    DANGEROUS: whoever calls the police on it is cut off, and may be unable to speak. Ring back.
    Only the call named by its whole id is ended, on this node. Who ended it, when and why is
    on record before it is ended.

    强制结束一个通话并立即释放警线。危险：来电人会被切断，可能正无法说话。操作人、时间、原因均留痕。
    """
    if as_json and not yes:
        raise click.UsageError("--json goes with --yes")
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)  # the command itself says what is wrong
    settings = site.settings
    legs = with_actor(settings, lambda ami: _find(ami, call_id, settings))
    if not yes:
        click.echo("\n".join(_described(leg) for leg in legs))
        click.confirm(f"End call {call_id}? 确定强制结束?", abort=True)
    ended = with_actor(settings, lambda ami: _end(ami, call_id, reason, settings))
    click.echo(json.dumps(_as_dict(call_id, ended)) if as_json else _told(call_id, ended))
    if any(one.gone_ms is None for one in ended):
        raise click.exceptions.Exit(1)


async def _find(ami: Ami, call_id: str, settings: Settings) -> Sequence[LiveLeg]:
    """Raises ClickException: nothing of that call is up here."""
    legs = await live_legs(ami, call_id, settings.trunk.name)
    if not legs:
        raise click.ClickException(
            f"no live call {call_id} on node {settings.node}: it is over, or on another node."
            f" `l110 calls show {call_id}` tells. Nothing was ended."
        )
    return legs


async def _end(ami: Ami, call_id: str, reason: str, settings: Settings) -> list[EndedLeg]:
    """Looks again: time went by since the question. The record comes first."""
    legs = await _find(ami, call_id, settings)
    steps = [forced_step(call_id, leg, reason, settings) for leg in legs]
    await asyncio.to_thread(_keep, settings, steps)
    return [await end_leg(ami, leg) for leg in legs]


def forced_step(call_id: str, leg: LiveLeg, reason: str, settings: Settings) -> Step:
    """The asking. That it was done says the end record, by=forced."""
    at, node = datetime.now(UTC), settings.node
    return Step(
        event_id=f"{node}/{leg.uniqueid}/forced/{at.timestamp():.6f}",
        kind=StepKind.FORCED,
        node=node,
        leg=leg.uniqueid,
        call_id=call_id,
        at=at,
        data={"channel": leg.channel, "who": who(), "reason": reason},
    )


def who() -> str:
    """The user by whose right it was done; behind it the one who logged in, if that is another."""
    user = _name(os.getuid())
    try:
        uid = int(LOGIN_UID.read_text())
    except (OSError, ValueError):
        return user
    login = user if uid == NOT_LOGGED_IN else _name(uid)
    return user if login == user else f"{user} (login {login})"


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _keep(settings: Settings, steps: Sequence[Step]) -> None:
    """Raises ClickException: it could not be written down, and so is not done."""
    try:
        journal = Journal.open(settings.journal_path, settings.node)
        try:
            for step in steps:
                journal.write_and_wait(step)
        finally:
            journal.close()
    except (sqlite3.Error, OSError, JournalTooNew, JournalBroken, TimeoutError) as fault:
        what = str(fault) or type(fault).__name__
        raise click.ClickException(
            f"the journal does not take the record ({what}). Nothing was ended."
        ) from None


def _described(leg: LiveLeg) -> str:
    what = "talks 通话中" if leg.talks else f"in {leg.application or 'no application'}"
    return f"{leg.channel}: caller {mask_number(leg.caller)}, up {leg.up_s} s, {what}"


def _told(call_id: str, ended: Sequence[EndedLeg]) -> str:
    lines = [f"call {call_id}: ended by force, on record as {who()}. 已强制结束"]
    for one in ended:
        gone = f"gone after {one.gone_ms} ms" if one.gone_ms is not None else "STILL THERE 仍在"
        lines.append(f"{one.leg.channel}: slot free after {one.slot_free_ms} ms, channel {gone}")
    return "\n".join(lines)


def _as_dict(call_id: str, ended: Sequence[EndedLeg]) -> dict[str, object]:
    return {
        "call": call_id,
        "who": who(),
        "legs": [
            {
                "channel": one.leg.channel,
                "caller": mask_number(one.leg.caller),
                "slot_free_ms": one.slot_free_ms,
                "gone_ms": one.gone_ms,
            }
            for one in ended
        ],
    }

"""`l110 ivr`: the bridge of one Asterisk node. Gives verdicts, writes the journal."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog
import uvloop

from agi_scripts.registry import scripts
from agi_scripts.services import Services
from config.settings import Settings
from db.journal import Journal
from ivr.server import AgiServer, Limits
from scripts.asterisk_home import LENGTHS, SOUNDS
from scripts.bridge_health import BridgeHealth
from scripts.live_rules import LiveRules, rules_step
from scripts.logs import set_up_logs
from scripts.metrics.bridge import BridgeFigures
from scripts.prompts import LONGEST_MENU_S

RULES_EVERY_S = 1.0

log = structlog.get_logger(__name__)


def main(settings: Settings) -> None:
    set_up_logs(settings.log.level, "ivr")
    uvloop.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; calls that are being asked may finish."""
    settings.var.mkdir(parents=True, exist_ok=True)
    figures = BridgeFigures()
    journal = Journal.open(settings.journal_path, settings.node, on_commit=figures.committed)
    rules = LiveRules(
        settings.rules_path,
        settings.last_good_rules_path,
        lambda new: journal.write(rules_step(settings.node, new)),
    )
    server = AgiServer(
        scripts(_services(settings, journal, rules, figures)),
        Limits(settings.agi.max_connections, reply_within_s=settings.agi.read_timeout_s),
    )
    stopping = _stop_on_signal()
    await server.start(settings.agi.host, settings.agi.port)
    log.info("bridge.started", port=settings.agi.port, node=settings.node, rules=rules().version)
    health = BridgeHealth(settings.node, journal, rules, server, figures)
    async with _told_of_its_health(health, settings):
        await _watch(rules, health, stopping)
    await server.stop()
    journal.close()
    log.info("bridge.stopped")


@asynccontextmanager
async def _told_of_its_health(health: BridgeHealth, settings: Settings) -> AsyncIterator[None]:
    pages = health.pages()
    await asyncio.to_thread(health.refresh)
    await pages.start(settings.health_host, settings.health.port)
    keeper = asyncio.create_task(health.keep())
    health.notifier.ready()
    try:
        yield
    finally:
        health.notifier.stopping()
        keeper.cancel()
        await pages.stop()


def _services(
    settings: Settings, journal: Journal, rules: LiveRules, figures: BridgeFigures
) -> Services:
    lengths = json.loads((SOUNDS / LENGTHS).read_text())
    return Services(
        rules=rules,
        journal=journal,
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        prompt_length_s=lambda language, name: lengths.get(language, {}).get(name, LONGEST_MENU_S),
        node=settings.node,
        decided=figures.decided,
    )


def _stop_on_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


async def _watch(rules: LiveRules, health: BridgeHealth, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await asyncio.wait_for(stopping.wait(), RULES_EVERY_S)
        except TimeoutError:
            await asyncio.to_thread(rules.refresh)
            await asyncio.to_thread(health.refresh)

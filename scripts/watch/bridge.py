"""The bridge as the watch sees it, over its own health pages."""

import json
from typing import Any

from config.settings import Settings
from ivr.health import BridgeFacts, Life
from scripts.http_page import fetch

ANSWER_S = 1.5


async def look_at_bridge(settings: Settings) -> BridgeFacts:
    try:
        _, body = await fetch(settings.health_host, settings.health.port, "/readyz", ANSWER_S)
        return read_facts(json.loads(body))
    except TimeoutError:
        return BridgeFacts(Life.FROZEN)
    except (OSError, ValueError):
        return BridgeFacts(Life.DOWN)


def read_facts(told: dict[str, Any]) -> BridgeFacts:
    """Raises ValueError: it is not what a bridge says."""
    try:
        stepped = told["clock_stepped_s"]
        return BridgeFacts(
            rules=str(told["rules"]),
            journal=bool(told["journal"]),
            journal_unkept=int(told["journal_unkept"]),
            pid=int(told["pid"]),
            prompts_missing=tuple(map(str, told["prompts_missing"])),
            clock_stepped_s=None if stepped is None else float(stepped),
        )
    except (KeyError, TypeError) as fault:
        raise ValueError(f"no facts of a bridge: {fault}") from fault

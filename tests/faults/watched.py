"""A watch over a system: what it says now, and how long it took to say it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from scripts.lab.node import Node
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import Records

NO_TESTS: Mapping[str, str] = {"L110_SELFTEST__EVERY_S": "0"}


def raised_within(node: Node, alarm: str, within_s: float) -> tuple[float, str]:
    """Seconds from now until the alarm stands, and what it is about."""
    began = time.monotonic()
    wait_until(lambda: alarm in node.alarms(), f"the alarm {alarm}", within_s)
    return time.monotonic() - began, node.alarms()[alarm]


def cleared_within(node: Node, alarm: str, within_s: float) -> float:
    began = time.monotonic()
    wait_until(lambda: alarm not in node.alarms(), f"the end of {alarm}", within_s)
    return time.monotonic() - began


def stays_quiet(node: Node, alarm: str, for_s: float) -> bool:
    """Whether an alarm that would have come by then does not."""
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        if alarm in node.alarms():
            return False
        time.sleep(0.1)
    return True


@contextmanager
def watched_so(records: Records, environment: Mapping[str, str]) -> Iterator[None]:
    """For controls: another watch for a while, told otherwise."""
    records.node.start_watch(environment)
    try:
        yield
    finally:
        records.node.start_watch()


def logged(records: Records, alarm: str) -> bool:
    """Whether the log names the alarm and the place of its mend."""
    text = (records.node.settings.log_dir / "watch.log").read_text()
    return any(
        f'"alarm": "{alarm}"' in line and "runbook.md#" in line for line in text.splitlines()
    )

"""That `scripts/bench release` runs on real calls. Its figures want a quiet machine."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import select

from db.engine import reading
from db.models import CallStepRow
from scripts.asterisk_console import ask
from scripts.benchmarks.main import measure_release
from scripts.benchmarks.settings import Addresses, write_settings
from scripts.benchmarks.sides import Ours
from scripts.benchmarks.switch import refer_calls
from scripts.benchmarks.traffic import Stream

pytestmark = pytest.mark.real_asterisk

MANY = Stream(calls=120, rate=40)
MORE = Stream(calls=400, rate=40)  # it was one call in 25
ROUNDS = 5


def test_both_sides_clear_the_trunk_of_every_caller_who_keys() -> None:
    result = measure_release(1, Stream(calls=10, rate=20), Console(stderr=True))
    times = result.times
    assert (times.pure.calls, times.ours.calls) == (10, 10)
    assert 0 < times.pure_referred.p50 < times.pure.p50
    assert 0 < times.ours_referred.p50 < times.ours.p50
    assert times.ours.most < 2000
    assert not result.goal_reached  # ten calls show nothing


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Ours]:
    addresses = Addresses.own()
    settings = write_settings(tmp_path, addresses.ours, addresses.callers.host, release="refer")
    side = Ours(settings)
    try:
        side.start()
        yield side
    finally:
        side.stop()


def refer(side: Ours, stream: Stream) -> None:
    callers, (host, _, port) = Addresses.own().callers, side.sip.partition(":")
    at = callers.host, callers.port
    refer_calls(stream, at=at, media_port=callers.media_port, to=(host, int(port)))


def moved_in_their_end(side: Ours) -> int:
    """How often Asterisk says that a channel was moved out of the middle of something."""
    log = (side.node.home.log / "full").read_text()
    return log.count("Abnormal") + log.count("Can't move channel")


def test_a_first_leg_that_the_switch_has_taken_is_not_ended_once_more(side: Ours) -> None:
    refer(side, MANY)
    side.await_record(MANY.calls)
    with reading(side.node.engine) as session:
        kinds = Counter(session.scalars(select(CallStepRow.kind)))
    assert (kinds["released"], kinds["end"]) == (MANY.calls, 2 * MANY.calls)
    assert moved_in_their_end(side) == 0


def test_a_first_leg_that_leaves_its_group_too_early_is_ended_once_more(side: Ours) -> None:
    steps = side.node.home.etc / "l110/extensions.conf"
    kept, left = "0,L110_REFER=)", "0,L110_REFER=,GROUP(l110refer)=)"
    assert steps.read_text().count(kept) == 1
    steps.write_text(steps.read_text().replace(kept, left))
    ask(side.node.home, "dialplan reload")
    rounds = 0
    while not moved_in_their_end(side) and rounds < ROUNDS:  # a race: not in every round
        refer(side, MORE)
        rounds += 1
    assert moved_in_their_end(side) > 0

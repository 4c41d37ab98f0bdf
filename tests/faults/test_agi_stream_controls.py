"""The same lines, spoilt the same way, and one protection less: what they come to then."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Stay
from scripts.lab.promise import POLICE_WITHIN_S
from scripts.lab.waiting import NeverHappened, wait_until
from tests.faults.agi_relay import Spoil
from tests.faults.agi_scene import (
    CUT,
    EMPTY,
    FLOOD_MB,
    FLOODING,
    GARBAGE,
    GUARD_S,
    HANGUP,
    KEYED,
    NO_SCRIPT,
    NUMBERS,
    REFUSED,
    SWOLLEN,
    TOLD_TWICE,
    USAGE,
    Scene,
    kept,
    peak_mb,
    seconds_to_the_police,
    spoilt_lines,
)
from tests.faults.patched import patched
from tests.real_asterisk.protections import VERDICT_ASKED
from tests.seen import in_words

ONE_OF_EACH = {"B1": CUT, "B2": SWOLLEN, "B4": NO_SCRIPT, "B5": HANGUP, "B6": GARBAGE, "B7": USAGE}

# Bridges without one of their protections.
NEVER_CLOSES = """
import ivr.server as s
async def _run(self, script, channel, request):
    try:
        await script(channel, request)
        self._transport.close()
    except s.AgiError:
        pass
s.Connection._run = _run
s.Connection.abort = lambda self, reason="": None
s.Connection.eof_received = lambda self: True
"""
TAKES_ANY_LENGTH = "import ivr.wire as w; w.MAX_ENVIRONMENT = 10**9"
BELIEVES_THE_LAST = "import ivr.wire as w; w.reversed = list"
KNOWS_NO_ERRORS = (
    "import ivr.wire as w; w.Wire._refusal = lambda self, line: w.Reply(200, 0, None, 1)"
)
PASSES_OVER_HANGUP = "import ivr.channel as c; c.Channel.hang_up = lambda self: None"
READS_USAGE_FOR_EVER = "import ivr.wire as w; w.Wire._usage_line = lambda self, usage, line: None"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with spoilt_lines(tmp_path_factory.mktemp("stream-controls"), 215) as scene:
        yield scene


@contextmanager
def bridge_that(scene: Scene, patch: str) -> Iterator[None]:
    node = scene.system.node
    try:
        with patched(node, "ivr", patch):
            yield
    finally:
        ask(node.home, "dialplan set global L110_DOWN_1 0")


def controls(without: str) -> Sequence[object]:
    return [
        pytest.param(spoil, id=number, marks=pytest.mark.control(number, without=without))
        for number, spoil in ONE_OF_EACH.items()
    ]


def spoilt_call(scene: Scene, spoil: Spoil) -> str:
    """A caller who presses nothing, and is answered."""
    number = next(NUMBERS)
    scene.relay.spoil_next(spoil)
    scene.system.town.call(number, [Stay(30)])
    wait_until(lambda: scene.system.town.answered(number), "the spoilt call", 10)
    return number


@pytest.mark.parametrize(
    "spoil", controls("the verdict as the only truth: the end of AGI is taken for one")
)
def test_control_where_agistatus_is_believed_a_spoilt_line_ends_the_call(
    scene: Scene, told: Finding, spoil: Spoil
) -> None:
    system, number = scene.system, next(NUMBERS)
    VERDICT_ASKED.take_out(system.node.home, number)
    scene.relay.spoil_next(spoil)
    system.town.call(number, [Stay(30)])
    seen = system.town.ended(number)
    assert seen.rang == ()
    assert system.call_of(number).ended_by == "system"
    told.caller.append("no police seat rang: the node hung up")


@pytest.mark.parametrize("spoil", controls("the closing of a connection that came to a fault"))
def test_control_where_the_bridge_does_not_close_the_caller_waits_for_the_guard(
    scene: Scene, told: Finding, spoil: Spoil
) -> None:
    """And whoever calls then has no menu: the bridge has failed, and is left out."""
    with bridge_that(scene, NEVER_CLOSES):
        seen = scene.system.town.ended(spoilt_call(scene, spoil))
        later = next(NUMBERS)
        scene.system.town.call(later, KEYED)
        scene.system.town.ended(later)
    waited_s = seconds_to_the_police(seen)
    assert waited_s > (POLICE_WITHIN_S if spoil.reply else GUARD_S)
    assert scene.system.call_of(seen.caller).reason == "guard"
    row = scene.system.call_of(later)
    assert (row.bridge, row.key) == ("away", None)
    told.caller.append(
        f"police rang {1000 * waited_s:,.0f} ms after dialling; the next caller had no menu"
    )


@pytest.mark.control("B2", without="the limit of 16 kB")
def test_control_without_the_limit_the_bridge_holds_whatever_is_sent(
    scene: Scene, told: Finding
) -> None:
    with bridge_that(scene, TAKES_ANY_LENGTH):
        before = peak_mb(scene.system)
        scene.system.town.ended(spoilt_call(scene, FLOODING))
        grown = peak_mb(scene.system) - before
    assert grown > FLOOD_MB
    told.leaks.append(f"the bridge grew by {grown:.0f} MB for one caller")


@pytest.mark.control("B3", without="the first that wins: the last does")
def test_control_where_the_last_id_wins_the_call_has_a_leg_that_is_none_and_never_ends(
    scene: Scene, told: Finding
) -> None:
    with bridge_that(scene, BELIEVES_THE_LAST):
        number = next(NUMBERS)
        scene.relay.spoil_next(TOLD_TWICE)
        scene.system.town.call(number, KEYED)
        scene.system.town.ended(number)
        with pytest.raises(NeverHappened):
            scene.system.call_of(number)
    (row,) = [row for row in scene.system.calls() if row.caller == number]
    assert "forged" in [leg.uniqueid for leg in scene.system.legs_of(row)]
    told.records.append("his call has no end: it waits for that of a forged leg")


@pytest.mark.control("B6", without="the errors: what is no reply is no key")
@pytest.mark.parametrize("spoil", [REFUSED, GARBAGE, EMPTY], ids=["refused", "garbage", "empty"])
def test_control_where_a_broken_reply_is_no_key_the_record_has_a_caller_who_kept_silent(
    scene: Scene, told: Finding, spoil: Spoil
) -> None:
    with bridge_that(scene, KNOWS_NO_ERRORS):
        seen = scene.system.town.ended(spoilt_call(scene, spoil))
    row = scene.system.call_of(seen.caller)
    assert (row.reason, row.bridge) == ("no-key", "seen")
    assert kept(scene.system, row, "failed") == []
    told.records.append(f"{in_words(row)}; no fault on record")


@pytest.mark.parametrize(
    ("spoil", "patch"),
    [
        pytest.param(
            HANGUP,
            PASSES_OVER_HANGUP,
            id="B5",
            marks=pytest.mark.control("B5", without="HANGUP as the end: it is passed over"),
        ),
        pytest.param(
            USAGE,
            READS_USAGE_FOR_EVER,
            id="B7",
            marks=pytest.mark.control("B7", without="the end of a usage text: it is read on"),
        ),
    ],
)
def test_control_where_the_bridge_goes_on_listening_the_caller_waits_for_its_deadline(
    scene: Scene, told: Finding, spoil: Spoil, patch: str
) -> None:
    with bridge_that(scene, patch):
        waited_s = seconds_to_the_police(scene.system.town.ended(spoilt_call(scene, spoil)))
    assert waited_s > POLICE_WITHIN_S
    told.caller.append(f"police rang {1000 * waited_s:,.0f} ms after dialling")

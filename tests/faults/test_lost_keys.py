"""Packets of the keys get lost: the key is understood, or the caller is with the police.

SIPp cannot lose packets of its own, and a network that does needs the kernel; the callers here are
telephones of the lab at the switch's address, which drop a share of what they send.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest

from db.engine import reading
from db.models import CallLegRow, CallRow
from scripts.chaos.findings import Finding
from scripts.lab.seats import Manner
from scripts.lab.sound import Packet, is_first_of_key, is_key
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import wait_until
from scripts.lab.witness import sides_of
from tests.real_asterisk.system import System, running_system
from tests.seen import nothing_left

POLICE = tuple(f"80{n:02d}" for n in range(1, 31))
LIVELIHOOD = tuple(f"70{n:02d}" for n in range(1, 31))
LOST = 0.3
AT_ONCE = 16
# Each caller's first key; empty: he presses nothing. Who keyed 2 keys 1 in the second menu.
KEYS = ("2", "1", "2", "5", "2", "")
ROUNDS = 2
# So many calls at once take Asterisk up to 34 MB; what grows with time is the soak's to judge.
MEMORY_SPARE_KB = 64 * 1024
TO_LIVELIHOOD, OVER_S = "2", 40

Drops = Callable[[Packet], bool]
MakeDrops = Callable[[random.Random], Drops]


@dataclass(frozen=True, slots=True)
class Played:
    """One call: what was keyed, and the sides that the switch saw answer it (8 or 7)."""

    key: str
    sip_call_id: str
    sides: str
    row: CallRow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    seats = dict.fromkeys((*POLICE, *LIVELIHOOD), Manner(ring_s=0.1, talk_s=0.3))
    with running_system(
        tmp_path_factory.mktemp("keys"),
        209,
        police=POLICE,
        livelihood=LIVELIHOOD,
        lines=60,
        seats=seats,
        settings="[admission]\nnew_calls_per_s = 0\n",
    ) as system:
        # Asterisk takes its memory for so many at once; and all is well where nothing is lost.
        calm = play(system, KEYS, loses_nothing)
        assert {one.sides for one in calm if one.key == TO_LIVELIHOOD} == {"7"}
        yield system


def loses_nothing(_: random.Random) -> Drops:
    return lambda _: False


def loses_a_share(chance: random.Random) -> Drops:
    return lambda packet: is_key(packet) and chance.random() < LOST


def says_each_key_once(chance: random.Random) -> Drops:
    """The first packet of a key only, and of these the same share is lost."""
    lost = loses_a_share(chance)
    return lambda packet: is_key(packet) and (not is_first_of_key(packet) or lost(packet))


def play(
    system: System, keys: Sequence[str], drops: Callable[[random.Random], Drops]
) -> list[Played]:
    """Several callers at once, each with one call after the other."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(partial(_calls, system, keys, drops), range(AT_ONCE)))
    system.telephones.leave()
    return [_seen(system, key, sip) for caller in told for key, sip in caller]


def _calls(
    system: System, keys: Sequence[str], drops: MakeDrops, place: int
) -> list[tuple[str, str]]:
    host = system.town.plan.switch_host
    telephone = system.telephones.stranger(f"1380002{place:04d}", host=host, keys_by_info=False)
    lost = drops(random.Random(place))
    return [(key, _call(telephone, key, lost)) for key in keys]


def _call(telephone: Telephone, key: str, lost: Drops) -> str:
    talk = telephone.call("110")
    talk.sound.drops = lost
    telephone.wait_for("answered", call_id=talk.call_id)
    for each in (key, "1") if key == TO_LIVELIHOOD else (key):
        telephone.press(each, talk)
    telephone.wait_for("ended", call_id=talk.call_id, timeout_s=OVER_S)
    return talk.call_id


def _seen(system: System, key: str, sip: str) -> Played:
    row = wait_until(lambda: _row(system, sip), "his row", 10)
    assert row is not None
    sides = sides_of(system.seats_of(row.call_id))
    return Played(key, sip, sides, row)


def _row(system: System, sip: str) -> CallRow | None:
    with reading(system.engine) as session:
        leg = session.query(CallLegRow).filter_by(sip_call_id=sip).one_or_none()
        row = session.get(CallRow, leg.call_id) if leg else None
        return row if row and row.ended_at else None


def assert_nobody_was_diverted(played: Sequence[Played]) -> None:
    """Each talked to one side; to livelihood nobody who had not keyed it, and on record as such."""
    for one in played:
        assert one.sides in (("7", "8") if one.key == TO_LIVELIHOOD else ("8",)), one
        assert (one.row.verdict == "livelihood") is (one.sides == "7")


def tell(told: Finding, played: Sequence[Played], how: str) -> tuple[int, int]:
    """How many keyed 2, and of how many that was understood."""
    keyed = [one for one in played if one.key == TO_LIVELIHOOD]
    understood = sum(one.sides == "7" for one in keyed)
    others = len(played) - len(keyed)
    told.caller.append(
        f"{how}: of {others} who did not key 2 {others} talked to the police, 0 diverted; of"
        f" {len(keyed)} who keyed 2 {understood} talked to livelihood, the others to the police"
    )
    told.records.append(f"{len(played)} rows, each verdict is the side that the switch saw answer")
    return len(keyed), understood


@pytest.mark.fault("47", how="30 % of the packets of RFC 4733 keys are dropped by the sender")
def test_a_key_of_which_packets_are_lost_is_understood_and_diverts_nobody(
    system: System, told: Finding
) -> None:
    with nothing_left(system.node, told, memory_spare_kb=MEMORY_SPARE_KB):
        played = play(system, KEYS * ROUNDS, loses_a_share)
    assert_nobody_was_diverted(played)
    keyed, understood = tell(told, played, "30 % lost")
    assert understood >= 0.95 * keyed


@pytest.mark.control("47", without="the ten further packets that say the same key again")
def test_control_of_keys_that_are_said_once_many_are_lost_and_their_callers_are_with_the_police(
    system: System, told: Finding
) -> None:
    played = play(system, KEYS, says_each_key_once)
    assert_nobody_was_diverted(played)
    keyed, understood = tell(told, played, "30 % lost of one packet a key")
    assert understood < 0.9 * keyed

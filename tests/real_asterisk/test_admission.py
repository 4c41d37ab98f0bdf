"""Who is let in, who is put behind and who is refused, call by call."""

from collections.abc import Iterator

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Action, HangUp, Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from scripts.lab.witness import Witness
from tests.limits import OFF, dialplan_changed, set_limits, within_ten_minutes
from tests.real_asterisk.system import System, running_system

LINES = 4
SEATS = [f"80{n:02d}" for n in range(1, 11)]
TALKS = dict.fromkeys(SEATS, Manner(ring_s=0.1, talk_s=60))
HANDS_BACK = dict.fromkeys(("7001", "7002"), Manner(ring_s=0.1, talk_s=20, keys="*1"))
MANY = pytest.mark.control("50", without="the limits of one number")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    root = tmp_path_factory.mktemp("admission")
    with running_system(
        root, 187, police=SEATS, lines=LINES, trunk_channels=30, seats={**TALKS, **HANDS_BACK}
    ) as system:
        yield system


@pytest.fixture
def system(node: System) -> Iterator[System]:
    """Nobody is in a call before a test, or after it."""
    yield node
    for home in (node.node.home, node.town.switch.home):
        ask(home, "channel request hangup all")
    node.assert_nothing_outlives_its_call()


def begins(system: System, number: str, *, withheld: bool = False) -> Witness:
    """Who calls and stays, once he was answered, rung for or turned away."""
    before = len(system.town.trunk_legs(number))
    identity = f"P-Asserted-Identity: <sip:{number}@127.0.0.9>\nPrivacy: id\n"
    own = ("anonymous", identity) if withheld else (number, "")
    system.town.call(own[0], [Press("1"), Stay(40)], headers=own[1])
    wait_until(lambda: len(system.town.trunk_legs(number)) > before, f"{number} to call", 10)

    def met() -> Witness | None:
        seen = system.town.saw(number)
        return seen if seen.answered_at or seen.rang or seen.ended_at else None

    return wait_until(met, f"{number} to meet somebody", 20)  # type: ignore[return-value]


def way(seen: Witness) -> str:
    """bridge: let in; direct: refused, and the switch rings the police itself; or blocked."""
    return "bridge" if seen.answered_at else seen.rang[0].via if seen.rang else str(seen.out)


def reasons(system: System, number: str, calls: int) -> list[str | None]:
    """Of the refused calls of a number, in order."""

    def stored() -> list[str | None]:
        rows = [row for row in system.calls() if row.caller == number and row.ended_at]
        return [row.reason for row in rows] if len(rows) >= calls else []

    return wait_until(stored, f"{calls} rows of {number}", 10)


def test_the_reserved_lines_are_kept_for_numbers_without_a_call(system: System) -> None:
    set_limits(system.node, freely=2)
    crowd = [way(begins(system, "13800000001")) for _ in range(4)]
    assert crowd == ["bridge", "bridge", "direct", "direct"]
    assert [way(begins(system, f"1390000000{n}")) for n in (1, 2)] == ["bridge", "bridge"]
    assert set(reasons(system, "13800000001", 2)) == {"too-many-of-number"}
    assert system.node.slots_in_use() == LINES


def test_control_without_reserved_lines_one_number_takes_them_all(system: System) -> None:
    set_limits(system.node, freely=LINES)
    assert [way(begins(system, "13800000002")) for _ in range(4)] == ["bridge"] * 4
    assert way(begins(system, "13900000003")) == "blocked"


PEOPLE = pytest.mark.parametrize(
    ("numbers", "withheld", "mark"),
    [
        (["x1", "x2", "x3"], False, "L110_CALLER=unknown,L110_CROWD=yes"),
        (["13700000001"] * 3, True, "MSet(L110_MARKS=withheld,L110_CROWD=yes"),
        (["119"] * 3, False, "< 4]?yes:"),
    ],
    ids=["unreadable", "withheld", "another-service"],
)


@PEOPLE
def test_those_who_show_no_number_of_their_own_share_no_limit(
    system: System, numbers: list[str], withheld: bool, mark: str
) -> None:
    set_limits(system.node, freely=1, per_number=1, per_10_min=1)
    assert [way(begins(system, number, withheld=withheld)) for number in numbers] == ["bridge"] * 3


@PEOPLE
def test_control_counted_as_one_number_they_would_be_refused(
    system: System, numbers: list[str], withheld: bool, mark: str
) -> None:
    without = mark.replace("yes", "no")
    with dialplan_changed(system.node, "extensions.conf", mark, without):
        set_limits(system.node, freely=1, per_number=1, per_10_min=1)
        ways = [way(begins(system, number, withheld=withheld)) for number in numbers]
    assert ways == ["bridge", "direct", "direct"]


def priority(system: System, number: str, call: int) -> int:
    """The band in which the police queue took this number's n-th call (from 1)."""

    def queued() -> list[int]:
        rows = sorted(
            (row for row in system.calls() if row.caller == number),
            key=lambda row: str(row.started_at),
        )
        steps = system.steps_of(rows[call - 1]) if len(rows) >= call else ()
        told = (step.data for step in steps if step.kind == "queued")
        return [int(facts["prio"]) for facts in told if facts["queue"] == "police"]

    return wait_until(queued, f"call {call} of {number} to be queued", 20)[0]


def redials(system: System, number: str) -> None:
    """One short call, over before this returns: never two at a time."""
    system.town.call(number, [Wait(0.2), Press("1"), Wait(1), HangUp()]).wait(20)
    wait_until(lambda: system.node.slots_in_use() == 0, "his line to be free", 15)


def bands(system: System, number: str, calls: int) -> list[int]:
    for _ in range(calls):
        redials(system, number)
    return [priority(system, number, call) for call in range(1, calls + 1)]


@pytest.mark.fault("50", how="one number calls again as soon as its call is over")
def test_a_number_that_calls_too_often_is_put_behind_and_still_served(
    system: System, told: Finding
) -> None:
    within_ten_minutes(30)
    set_limits(system.node, freely=2, per_10_min=2)
    assert bands(system, "13800000011", 4) == [30, 30, 0, 0]
    assert system.town.saw("13800000011").talked_to[0].startswith("8")
    set_limits(system.node, freely=0, per_10_min=2)
    assert way(begins(system, "13800000011")) == "direct"
    told.caller.append("calls 3 and 4 behind everybody; 5, no line to spare: rung by the switch")


@MANY
def test_control_without_the_count_of_ten_minutes_fast_redial_is_always_in_front(
    system: System,
) -> None:
    set_limits(system.node, freely=2)
    assert bands(system, "13800000012", 4) == [30, 30, 30, 30]


def test_a_number_that_ends_with_the_same_digits_is_never_taken_for_another(
    system: System,
) -> None:
    within_ten_minutes(30)
    set_limits(system.node, freely=2, per_10_min=1)
    assert bands(system, "13800000013", 2) == [30, 0]
    assert bands(system, "13900000013", 1) == [30]


def test_control_counted_by_its_last_digits_alone_an_innocent_number_is_put_behind(
    system: System,
) -> None:
    within_ten_minutes(30)
    same = '/,1-2)}" = "${CALLERID(num)}/${L110_CALL:0:12}"'
    with dialplan_changed(system.node, "extensions.conf", same, '/,2)}" = "${L110_CALL:0:12}"'):
        set_limits(system.node, freely=2, per_10_min=1)
        assert bands(system, "13800000014", 2) == [30, 0]
        assert bands(system, "13900000014", 1) == [0]


def test_one_more_call_of_a_number_waits_behind_those_who_keyed_nothing(system: System) -> None:
    set_limits(system.node, freely=LINES, per_number=1)
    assert [way(begins(system, "13800000015")) for _ in range(2)] == ["bridge"] * 2
    assert priority(system, "13800000015", 2) == 0


def test_control_without_the_limit_of_a_number_it_does_not(system: System) -> None:
    set_limits(system.node, freely=LINES)
    assert [way(begins(system, "13800000016")) for _ in range(2)] == ["bridge"] * 2
    assert priority(system, "13800000016", 2) == 30


BY_HIS_OWN_KEY = [Press("2"), Wait(0.5), Press("*"), Stay(4)]
BY_A_SEAT = [Press("2"), Wait(0.5), Press("1"), Stay(12)]


@pytest.mark.parametrize(
    ("number", "limit", "actions", "band"),
    [
        pytest.param("13800000021", 1, BY_HIS_OWN_KEY, 0, id="by-his-own-key"),
        pytest.param("13800000022", OFF, BY_HIS_OWN_KEY, 20, id="control-no-limit"),
        pytest.param("13800000023", 1, BY_A_SEAT, 20, id="by-a-call-taker"),
    ],
)
def test_who_is_behind_comes_forward_by_a_call_takers_word_only(
    system: System, number: str, limit: int, actions: list[Action], band: int
) -> None:
    within_ten_minutes(30)
    set_limits(system.node, freely=2, per_10_min=limit)
    redials(system, number)
    system.town.call(number, actions)
    assert priority(system, number, 2) == band

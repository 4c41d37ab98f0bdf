"""`l110 doctor --switch` on switches that fail a REFER in every way: SIPp in the switch's place."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ivr.cel import parse_line
from routing.steps import StepKind
from scripts.asterisk_console import ask
from scripts.lab import sipp
from scripts.lab.seats import seat
from scripts.lab.sipp import Endpoint, Person, Sipp
from scripts.lab.switch_stub import Refer, referred_caller, returning_caller
from scripts.lab.waiting import wait_until
from tests.real_asterisk.doctor import Doctor
from tests.real_asterisk.system import Records, node_alone

TRYING, OK = "SIP/2.0 100 Trying", "SIP/2.0 200 OK"
BUSY_HERE, GONE = "SIP/2.0 503 Service Unavailable", "what ever this is"
GUARD_S = 2

# name -> how the switch takes the REFER, and what must be said of it
SWITCHES: Mapping[str, tuple[Refer, str]] = {
    "refused": (Refer("603 Decline"), "refused"),
    "server-error": (Refer("500 Server Internal Error"), "refused"),
    "notify-503": (Refer(says=[TRYING, BUSY_HERE]), "failed"),
    "silence": (Refer(), "silent"),
    "unanswered": (Refer(""), "unanswered"),
    "garbage": (Refer(says=[GONE]), "unreadable"),
    "answered-200": (Refer("200 OK", says=[TRYING, OK]), "lost"),
    "never-returns": (Refer(says=[TRYING, OK]), "lost"),
    "bye": (Refer(bye_after_s=0.2), "ended"),
    "late": (Refer(says=[TRYING]), "late"),
}
NUMBERS = {name: f"1380000{n:04d}" for n, name in enumerate(SWITCHES, 1)}
Told = dict[str, Any]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    settings = f"[queues]\nrefer_guard_s = {GUARD_S}\n"
    root = tmp_path_factory.mktemp("stubs")
    with node_alone(root, 61, settings=settings) as node:
        host = node.node.settings.sip.switch_host
        telephone = sipp.answer(root, "seat", seat(0.2, 1), at=Endpoint(host, 5060, 30000))
        try:
            yield node
        finally:
            telephone.stop()


@pytest.fixture(scope="module")
def told(node: Records) -> Mapping[str, Told]:
    return {name: trial(node, place, name) for place, name in enumerate(SWITCHES)}


def trial(node: Records, place: int, name: str) -> Told:
    doctor = Doctor(node.node.config, "--from", NUMBERS[name], "--wait", "20")
    doctor.ready()
    refer = SWITCHES[name][0]
    calls = [play(node, place, NUMBERS[name], referred_caller(refer, key_after_s=None))]
    if name == "late":
        test = wait_until(lambda: given_up(node), "the guard", 10)
        back = returning_caller(20)
        calls.append(play(node, 50, NUMBERS[name], back, f"livelihood;l110={test}"))
    found = doctor.found()
    for call in calls:
        call.wait(40)
    return found


def play(node: Records, place: int, number: str, scenario: str, dial: str = "110") -> Sipp:
    host, sip = node.node.settings.sip.switch_host, node.node.settings.sip
    return sipp.call(
        node.node.settings.var.parent / "sipp",
        f"caller-{place}",
        scenario,
        at=Endpoint(host, 7100 + place, 31000 + 20 * place),
        to=f"{sip.host}:{sip.port}",
        dial=dial,
        people=[Person(number)],
    )


def given_up(node: Records) -> str | None:
    """The id of the newest trial, once its guard has fired and its first leg still stands."""
    lines = node.node.settings.cel_path.read_bytes().splitlines()
    steps = [step for line in lines if (step := parse_line(line, "n1"))]
    tests = [step for step in steps if step.kind is StepKind.TEST]
    last = tests[-1].data if tests else {}
    return str(last["test"]) if last.get("what") == "transfer" else None


@pytest.mark.parametrize("name", SWITCHES)
def test_no_failing_switch_is_told_to_carry_refer(told: Mapping[str, Told], name: str) -> None:
    found = told[name]
    assert (found["mode"], found["why"], found["status"]) == ("redirect", SWITCHES[name][1], 0)
    assert all(found["says"]["zh"])
    assert all(found["says"]["en"])


def test_what_the_switch_answered_is_told_as_it_came(told: Mapping[str, Told]) -> None:
    answers = {name: found["seen"]["answer"] for name, found in told.items()}
    assert answers["refused"] == 603
    assert answers["server-error"] == 500
    assert answers["unanswered"] is None
    assert answers["answered-200"] == 200
    assert "answered-200" in told["answered-200"]["notes"]
    notified = {name: found["seen"]["notified"] for name, found in told.items()}
    assert [one["status"] for one in notified["notify-503"]] == [100, 503]
    assert [one["line"] for one in notified["garbage"]] == [GONE]
    assert notified["silence"] == []


def test_the_bye_of_the_switch_is_told_with_its_time(told: Mapping[str, Told]) -> None:
    seen = told["bye"]["seen"]
    assert seen["cleared_by"] == "switch"
    assert 150 <= seen["bye_ms"] <= seen["cleared_ms"] < GUARD_S * 1000


def test_a_caller_who_is_late_is_told_with_his_time(told: Mapping[str, Told]) -> None:
    seen = told["late"]["seen"]
    assert (seen["id_kept"], seen["dialled"].startswith("livelihood;l110=")) == (True, True)
    assert seen["returned_ms"] > GUARD_S * 1000


def test_none_of_them_is_on_record_as_a_call(node: Records, told: Mapping[str, Told]) -> None:
    assert told
    assert [row for row in node.calls() if row.caller in NUMBERS.values()] == []
    assert {leg.end_reason for leg in node.legs()} == {"test"}
    assert " l110 " not in ask(node.node.home, "group show channels")


@pytest.mark.parametrize("known", [True, False])
def test_a_trial_that_comes_back_long_after_its_end_reaches_nobody(
    node: Records, told: Mapping[str, Told], known: bool
) -> None:
    """The control: where its id is not known, it is a caller for the livelihood queue."""
    pattern = "_livelihood;l110=XXXXXXXXTXXXXXX[Z]-test-00-!"
    if not known:
        ask(node.node.home, f"dialplan remove extension {pattern}@l110-intake")
    number, test = f"1380000900{known:d}", told["silence"]["test"]
    before = {row.call_id for row in node.calls()}
    call = play(node, 60 + known, number, returning_caller(20), f"livelihood;l110={test}")
    assert call.wait(40)
    legs = [leg for leg in node.legs() if leg.call_id]
    if known:
        assert legs == []
    else:
        assert node.new_call(before, 10).outcome == "talked-to-livelihood"

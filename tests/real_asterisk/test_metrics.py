"""Real calls on a node that `l110 up` started, and what its figures say of them."""

import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from scripts.lab.callers import HangUp, Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.faults.supervised import SupervisedNode
from tests.monitoring import metrics_named
from tests.real_asterisk.figures import addresses, by, get, pages, series, status_of, total
from tests.real_asterisk.system import LIVELIHOOD, POLICE, System, running_system

pytestmark = pytest.mark.real_asterisk
TO_LIVELIHOOD = ("13812340001", "13812340002")
TO_POLICE = "13812340003"
LEFT = "13812340004"
CALLERS = (*TO_LIVELIHOOD, TO_POLICE, LEFT)
SEATS = dict.fromkeys((*POLICE, *LIVELIHOOD), Manner(ring_s=0.1, talk_s=0.5))
TOLD = re.compile(r"(?m)^([a-z0-9_]+)[{ ]")
SETTINGS = "[selftest]\nevery_s = 2\n"


@dataclass(frozen=True, slots=True)
class Played:
    """`during` and `after`: job -> text of its page, while calls were up and when all were over."""

    system: System
    during: dict[str, str]
    after: dict[str, str]

    @property
    def node(self) -> SupervisedNode:
        assert isinstance(self.system.node, SupervisedNode)
        return self.system.node


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    root = tmp_path_factory.mktemp("metrics")
    with running_system(root, 77, seats=SEATS, settings=SETTINGS, node_of=SupervisedNode) as system:
        yield play(system)


def play(system: System) -> Played:
    for number in TO_LIVELIHOOD:
        system.town.call(number, [Press("2"), Wait(1), Press("1"), Stay(40)])
    system.town.call(TO_POLICE, [Wait(0.5), Press("1"), Stay(20)])
    system.town.call(LEFT, [Wait(5), HangUp()])
    wait_until(partial(system.town.answered, LEFT), "everybody to be answered", 10)
    settings = system.node.settings

    def seen() -> dict[str, str] | None:
        """The watch looks once a second."""
        found = pages(settings)
        return found if total(found["l110-watch"], "l110_lines_in_use") else None

    during = wait_until(seen, "the watch to see a line in use", 15)
    for number in CALLERS:
        system.town.ended(number)

    def counted() -> dict[str, str] | None:
        found = pages(settings)
        return found if total(found["l110-forward"], "l110_legs_total") >= len(CALLERS) else None

    after = wait_until(counted, "every leg to be counted", 20, every_s=0.5)
    return Played(system, during or {}, after or {})


def test_each_call_is_counted_once_by_what_became_of_it(played: Played) -> None:
    page = played.after["l110-forward"]
    assert total(page, "l110_calls_total") == total(page, "l110_legs_total") == len(CALLERS)
    outcomes = {name: n for name, n in by(page, "l110_calls_total", "outcome").items() if n}
    assert outcomes == Counter(call.outcome for call in played.system.calls())
    assert set(outcomes) >= {"talked-to-livelihood", "talked-to-police", "left-in-menu"}
    assert by(page, "l110_call_bridge_total", "bridge")["seen"] == len(CALLERS)
    assert sum(by(page, "l110_call_verdicts_total", "verdict").values()) == len(CALLERS)
    assert len(played.system.calls()) == len(CALLERS)


def test_the_bridge_counts_its_verdicts_and_no_self_test(played: Played) -> None:
    page = played.after["l110-bridge"]
    assert by(page, "l110_verdicts_total", "target") == {"livelihood": 2.0, "police": 1.0}
    assert total(page, "l110_intake_seconds_count") == 3
    assert total(played.after["l110-watch"], "l110_selftest_calls_total") >= 1
    assert total(page, "l110_agi_connections_total") > 4
    assert total(page, "l110_journal_commit_seconds_count") >= 1
    assert total(page, "l110_journal_steps_total") >= 2 * 3


def test_the_histograms_hold_what_the_record_holds(played: Played) -> None:
    page, calls = played.after["l110-forward"], played.system.calls()
    for name, column in (("release", "release_ms"), ("slot_held", "slot_held_ms"),
                         ("trunk_held", "trunk_held_ms"), ("talk", "talk_ms"),
                         ("wait", "wait_ms"), ("trunk_free", "trunk_free_ms")):  # fmt: skip
        known = [getattr(call, column) for call in calls if getattr(call, column) is not None]
        assert total(page, f"l110_call_{name}_seconds_count") == len(known) > 0, name
        told_ms = 1000 * total(page, f"l110_call_{name}_seconds_sum")
        assert told_ms == pytest.approx(sum(known), abs=0.01), name
    assert total(page, "l110_call_answer_seconds_count") == len(CALLERS)
    assert 0 < total(page, "l110_call_answer_seconds_sum") < len(CALLERS) * 2


def test_lines_in_use_are_seen_while_calls_are_up_and_are_free_afterwards(played: Played) -> None:
    assert 1 <= total(played.during["l110-watch"], "l110_lines_in_use") <= 4
    wait_until(
        lambda: total(pages(played.node.settings)["l110-watch"], "l110_lines_in_use") == 0,
        "the lines to be free", 5,
    )  # fmt: skip
    assert total(played.after["l110-watch"], "l110_lines") == 4
    assert total(played.after["l110-watch"], "l110_queue_seats", queue="police") == len(POLICE)


def test_nobody_s_number_stands_on_any_page(played: Played) -> None:
    settings = played.node.settings
    opened = get(f"{addresses(settings)['l110-forward']}/openmetrics")
    texts = [*played.during.values(), *played.after.values(), opened]
    assert [callers_on(text) for text in texts] == [[]] * len(texts)
    ids = {call.call_id for call in played.system.calls()}
    assert any(f'# {{call_id="{call_id}"}}' in opened for call_id in ids)


def callers_on(text: str) -> list[str]:
    """Also without the first digits: masked would be another thing."""
    return [number for number in CALLERS if number[-8:] in text]


def test_control_a_number_on_a_page_would_be_found(played: Played) -> None:
    """Asterisk and the record had them all; a label that held one would be seen."""
    assert {call.caller for call in played.system.calls()} == set(CALLERS)
    page = played.after["l110-bridge"] + f'l110_bad{{caller="{LEFT}"}} 1\n'
    assert callers_on(page) == [LEFT]


def test_the_keeper_knows_every_process_and_none_was_started_anew(played: Played) -> None:
    page = played.after["l110-keep"]
    assert by(page, "l110_process_up", "process") == dict.fromkeys(
        ("asterisk", "ivr", "forward", "watch", "worker", "keep"), 1.0
    )
    assert total(page, "l110_process_restarts_total") == 0


def test_asterisk_tells_its_own_only_to_who_has_the_password(played: Played) -> None:
    assert total(played.after["l110-asterisk"], "asterisk_calls_sum_total") >= len(CALLERS)
    where = addresses(played.node.settings)["l110-asterisk"]
    assert [status_of(f"{where}/metrics", password) for password in ("", "guessed")] == [401, 401]


CLOSED = ("ari/channels", "httpstatus", "static/", "manager?action=ping", "rawman", "phoneprov")


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_else_is_open_on_asterisk_s_http(played: Played, path: str) -> None:
    assert status_of(f"{addresses(played.node.settings)['l110-asterisk']}/{path}") == 404


def test_every_process_says_that_it_turns(played: Played) -> None:
    for job, where in addresses(played.node.settings).items():
        if job != "l110-asterisk":
            assert get(f"{where}/healthz") == "ok\n", job


def test_a_bridge_that_was_started_anew_is_counted_by_the_keeper(played: Played) -> None:
    before = played.node.signal("ivr", signal.SIGKILL)
    played.node.new_pid("ivr", before, 15)
    keep = addresses(played.node.settings)["l110-keep"]
    wait_until(
        lambda: total(get(f"{keep}/metrics"), "l110_process_restarts_total", process="ivr") == 1,
        "the new start in the keeper's figures", 10,
    )  # fmt: skip


def test_status_is_well_with_the_new_pages(played: Played) -> None:
    found = json.loads(played.node.l110("status", "--json").stdout)
    settings = {port["setting"]: port["answers"] for port in found["ports"]}
    assert settings["health.forward_port"]
    assert settings["health.keep_port"]
    assert list(series(played.after["l110-asterisk"]))


def test_every_metric_that_a_panel_or_an_alert_names_is_told_by_the_node(played: Played) -> None:
    told = {name for text in played.after.values() for name in TOLD.findall(text)}
    missing = {name: where for name, where in metrics_named().items() if name not in told}
    assert missing == {}
    assert "l110_no_such_metric" not in told


def traced(played: Played, *words: str) -> dict[str, Any]:
    run = played.node.l110("trace", *words, "--json")
    assert run.returncode == 0, run.stderr
    assert not [number for number in CALLERS if number in run.stdout]
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_a_call_is_traced_through_every_process_that_had_it(played: Played) -> None:
    calls = map(played.system.call_of, TO_LIVELIHOOD)
    call = next(call for call in calls if call.seat_answered_at)
    ticket = played.system.ticket_of(call)
    assert ticket is not None
    found = traced(played, call.call_id)
    assert found["steps"] == traced(played, str(ticket.number))["steps"]
    assert found["steps"] == traced(played, ticket.provisional_number)["steps"]
    told = [(step["process"], step["what"]) for step in found["steps"]]
    story = [("asterisk", "chan-start"), ("asterisk", "start"), ("bridge", "intake"),
             ("bridge", "decided"), ("asterisk", "released"), ("asterisk", "queued"),
             ("asterisk", "seat"), ("asterisk", "end"), ("forward", "call.settled")]  # fmt: skip
    assert [step for step in told if step in story] == story
    assert ("bridge", "call.decided") in told
    at_ms = [step["ms"] for step in found["steps"]]
    assert at_ms[0] == 0.0
    assert at_ms == sorted(at_ms)
    decided, released = (at_ms[told.index(step)] for step in (story[3], story[4]))
    assert 0 <= released - decided < 1000
    assert call.slot_held_ms == pytest.approx(released - at_ms[told.index(story[1])], abs=1)


def test_an_unknown_call_is_an_error_and_no_trace(played: Played) -> None:
    run = played.node.l110("trace", "20261123T202606Z-n1-9-0badc0de")
    assert run.returncode == 1
    assert "no call and no ticket" in run.stderr

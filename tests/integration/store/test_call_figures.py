"""Each call is counted once, when it is over, whatever comes twice; the times are the record's."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition

from db.calls import find_call
from db.engine import reading, writing
from db.store import apply_steps
from routing.outcome import Outcome
from scripts.metrics.calls import CallFigures, Once
from tests.integration.store.made import T0, boot, call_id, livelihood_call

LATER = T0 + timedelta(hours=1)


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def figures(registry):
    return CallFigures(registry, "n1")


def keep(engine, figures, steps):
    with writing(engine) as session:
        apply_steps(session, steps)
    figures.expect(steps)


def value(registry, name, **labels):
    return registry.get_sample_value(name, labels)


def talked(registry):
    return value(registry, "l110_calls_total", outcome="talked-to-livelihood")


def test_a_call_is_counted_once_however_often_its_steps_come(store, registry, figures):
    for _ in range(2):
        for step in livelihood_call(7):
            keep(store, figures, [step])
            figures.look(store, LATER)
    assert talked(registry) == 1
    assert value(registry, "l110_legs_total", end="ended") == 1
    assert value(registry, "l110_calls_open") == 0


def test_a_call_that_goes_on_or_has_just_ended_is_not_counted_yet(store, registry, figures):
    *before, _end, _gone = steps = livelihood_call(7)
    keep(store, figures, before)
    figures.look(store, LATER)
    assert value(registry, "l110_calls_open") == 1
    keep(store, figures, steps)
    ended = max(step.at for step in steps)
    figures.look(store, ended + timedelta(seconds=4))
    assert talked(registry) == 0
    figures.look(store, ended + timedelta(seconds=6))
    assert talked(registry) == 1


def test_the_times_are_the_record_s(store, registry, figures):
    keep(store, figures, livelihood_call(7))
    figures.look(store, LATER)
    with reading(store) as session:
        call = find_call(session, call_id(7))
    assert call is not None
    assert call.slot_held_ms is not None
    assert call.trunk_held_ms is not None
    told = value(registry, "l110_call_slot_held_seconds_sum", verdict="livelihood")
    assert told == pytest.approx(call.slot_held_ms / 1000)
    told = value(registry, "l110_call_trunk_held_seconds_sum", verdict="livelihood")
    assert told == pytest.approx(call.trunk_held_ms / 1000)
    assert value(registry, "l110_call_wait_seconds_sum", side="livelihood") == 1.9
    assert value(registry, "l110_call_answer_seconds_sum") == pytest.approx(0.01)
    assert value(registry, "l110_call_release_seconds_count", mode="redirect") == 0  # no key_at


def test_a_call_that_began_on_another_node_is_counted_there(store, registry, figures):
    keep(store, figures, livelihood_call(7, node="n2"))
    figures.look(store, LATER)
    assert talked(registry) == 0
    other = CollectorRegistry()
    at_home = CallFigures(other, "n2")
    at_home.expect(livelihood_call(7, node="n2"))
    at_home.look(store, LATER)
    assert talked(other) == 1


def test_what_an_earlier_forwarder_left_going_on_is_counted_by_the_next(store, registry):
    keep(store, CallFigures(CollectorRegistry(), "n1"), livelihood_call(7)[:-2])
    figures = CallFigures(registry, "n1")
    figures.begin(store)
    with writing(store) as session:
        apply_steps(session, livelihood_call(7)[-2:])
    figures.look(store, LATER)
    assert talked(registry) == 1
    assert value(registry, "l110_legs_total", end="ended") == 1


def test_calls_that_a_node_lost_are_counted_as_lost(store, registry, figures):
    keep(store, figures, livelihood_call(7)[:-2])
    keep(store, figures, [boot(60)])
    figures.look(store, LATER)
    assert value(registry, "l110_calls_total", outcome="node-lost") == 1
    assert value(registry, "l110_legs_total", end="node-lost") == 1


def test_every_outcome_has_a_series_before_its_first_call(registry, figures):
    """Else Prometheus sees no rise, and no alert goes, when it happens for the first time."""
    assert {value(registry, "l110_calls_total", outcome=each.value) for each in Outcome} == {0}
    assert value(registry, "l110_call_release_seconds_count", mode="refer") == 0
    assert value(registry, "l110_call_wait_seconds_count", side="police") == 0


def test_the_plain_form_has_no_id_of_a_call_and_the_other_has(store, registry, figures):
    keep(store, figures, livelihood_call(7))
    figures.look(store, LATER)
    assert call_id(7) not in generate_latest(registry).decode()
    opened = exposition.generate_latest(registry).decode()
    assert f'# {{call_id="{call_id(7)}"}}' in opened
    assert "1380000" not in opened


def test_what_is_waited_for_is_bounded():
    once = Once(most=2)
    once.expect(["a", "b", "c"])
    assert once.waiting() == ["b", "c"]
    assert [once.forget("c"), once.forget("c")] == [True, False]
    once.expect(["c"])
    assert once.waiting() == ["b"]

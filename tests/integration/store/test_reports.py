"""What the reports and the command line say of calls that are on record."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from db.engine import reading, writing
from db.store import apply_steps
from reports.abandoned import abandoned_calls
from reports.audit import AuditReport, audit_calls
from reports.summary import summarise
from reports.switch_list import SwitchLeg
from routing.steps import Scalar, Step, StepKind
from scripts.cli.records import audit, calls, db, tickets
from tests.integration.store.made import (
    T0,
    a_step,
    beginning,
    boot,
    call_id,
    livelihood_call,
    police_call,
)


def apply(store: Engine, *stories: list[Step]) -> None:
    with writing(store) as session:
        apply_steps(session, [step for story in stories for step in story])


def listed(*numbers: int) -> list[SwitchLeg]:
    return [SwitchLeg(f"sip-n1-{n}@switch", T0, None, "200") for n in numbers]


def audited(store: Engine, switch: list[SwitchLeg], **witnesses: dict[str, int]) -> AuditReport:
    with reading(store) as session:
        return audit_calls(session, switch, **witnesses)  # type: ignore[arg-type]


def test_what_the_switch_lists_and_we_have_is_clean(store: Engine) -> None:
    apply(store, livelihood_call(1), police_call(2))
    starts = {"n1-1795465608.1": 1, "n1-1795465608.2": 1}
    report = audited(store, listed(1, 2), cel_starts=starts, cdr_lines={"n1-1795465608.1": 2})
    assert report.clean
    assert (report.switch, report.legs, report.calls) == (2, 2, 2)
    assert (report.cel, report.cdr) == (2, 2)


def test_a_call_that_only_the_switch_knows_is_missing(store: Engine) -> None:
    apply(store, livelihood_call(1))
    report = audited(store, listed(1, 2))
    assert [(one.kind, one.subject) for one in report.findings] == [("missing", "sip-n1-2@switch")]


def test_a_call_that_never_reached_us_by_the_switchs_own_word_is_counted_apart(
    store: Engine,
) -> None:
    apply(store, livelihood_call(1))
    direct = SwitchLeg("sip-n1-2@switch", T0, None, "not answered, cause 0")
    report = audited(store, [*listed(1), direct])
    assert (report.clean, report.count("missing"), report.count("unreached")) == (True, 0, 1)


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ("not answered, cause 58", "unfit"),
        ("Not answered: 488 Not Acceptable Here", "unfit"),
        ("not answered, cause 580", "unreached"),
        ("not answered after 58 s", "unreached"),
        ("answered, cause 58", "missing"),
    ],
)
def test_what_was_refused_for_its_sound_is_counted_by_the_switchs_word(
    store: Engine, result: str, kind: str
) -> None:
    apply(store, livelihood_call(1))
    report = audited(store, [*listed(1), SwitchLeg("sip-n1-2@switch", T0, None, result)])
    assert [finding.kind for finding in report.findings] == [kind]
    assert (report.as_dict().get(kind), report.clean) == (1, kind != "missing")


def test_an_audit_of_the_last_hour_leaves_out_what_began_before_it(store: Engine) -> None:
    apply(store, livelihood_call(1))
    with reading(store) as session:
        report = audit_calls(session, listed(1, 2), since=T0 + timedelta(hours=1))
    assert (report.clean, report.switch, report.legs) == (True, 0, 0)


def test_a_call_that_the_switch_does_not_know_is_unexplained(store: Engine) -> None:
    apply(store, livelihood_call(1), livelihood_call(2))
    report = audited(store, listed(1))
    assert (report.count("unexplained"), report.count("missing")) == (1, 0)


def test_two_legs_of_one_call_id_are_doubled(store: Engine) -> None:
    again = [
        Step(s.event_id + "x", s.kind, s.node, s.leg + "9", s.call_id, s.at, s.data)
        for s in livelihood_call(1)
    ]
    apply(store, livelihood_call(1), again)
    assert audited(store, listed(1)).count("doubled") == 1


def test_the_twin_of_a_merged_invite_is_not_doubled(store: Engine) -> None:
    twin = beginning(2)
    end = a_step(StepKind.END, 2, 0.03, sip="sip-n1-1@switch", reason="merged", cause="17")
    start = replace(twin[1], data={**twin[1].data, "sip": "sip-n1-1@switch"})
    gone = a_step(StepKind.CHAN_END, 2, 0.04)
    apply(store, livelihood_call(1), [twin[0], start, end, gone])
    assert audited(store, listed(1)).count("doubled") == 0


def test_a_leg_without_an_end_is_unexplained_unless_it_is_live(store: Engine) -> None:
    apply(store, beginning(1))
    assert audited(store, listed(1)).count("unexplained") == 1
    with reading(store) as session:
        report = audit_calls(session, listed(1), live_since=T0 - timedelta(seconds=1))
    assert (report.clean, report.live) == (True, 1)


def test_a_lost_node_is_an_explanation(store: Engine) -> None:
    apply(store, beginning(1), [boot(30)])
    assert audited(store, listed(1)).clean


@pytest.mark.parametrize(("answered", "unexplained"), [("not answered", 0), ("200", 1)])
def test_a_channel_that_died_nameless_with_its_node_is_an_invite_that_nobody_answered(
    store: Engine, answered: str, unexplained: int
) -> None:
    """One at most for each: an answered call, or a second channel, explains nothing."""
    apply(store, beginning(1)[:1], [boot(60)])
    report = audited(store, [SwitchLeg("sip-n1-1@switch", T0, None, answered)])
    assert report.count("unexplained") == unexplained
    apply(store, beginning(2)[:1], [boot(61)])
    report = audited(store, [SwitchLeg("sip-n1-1@switch", T0, None, answered)])
    assert report.count("unexplained") == unexplained + 1


def test_a_channel_that_only_cel_knows_is_missing(store: Engine) -> None:
    apply(store, livelihood_call(1))
    report = audited(store, listed(1), cel_starts={"n1-1795465608.1": 1, "n1-9.9": 1})
    assert [(one.kind, one.subject) for one in report.findings] == [("missing", "n1-9.9")]


def trial_leg(number: int) -> list[Step]:
    """A leg of `l110 doctor --switch`."""
    leg = f"n1-1795465608.{number}"
    said: dict[str, Scalar] = {"what": "came", "sip": f"sip-n1-{number}@switch"}
    kinds: list[tuple[StepKind, dict[str, Scalar]]]
    kinds = [(StepKind.CHAN_START, {}), (StepKind.TEST, said), (StepKind.CHAN_END, {})]
    return [
        Step(f"n1/{leg}/{kind}", kind, "n1", leg, None, T0 + timedelta(seconds=place), data)
        for place, (kind, data) in enumerate(kinds)
    ]


def test_a_trial_of_the_switch_is_left_out_on_both_sides(store: Engine) -> None:
    apply(store, livelihood_call(1), trial_leg(2), trial_leg(3))
    starts = {f"n1-1795465608.{n}": 1 for n in (1, 2, 3)}
    report = audited(store, listed(1, 2, 3), cel_starts=starts)
    assert (report.clean, report.tests, report.cel) == (True, 2, 1)
    assert (report.switch, report.legs, report.calls) == (1, 1, 1)
    with reading(store) as session:
        assert summarise(session).calls == 1
        assert summarise(session).tickets == 1


def test_a_trial_hides_no_call_that_is_missing(store: Engine) -> None:
    apply(store, trial_leg(2))
    report = audited(store, listed(1, 2))
    assert [(one.kind, one.subject) for one in report.findings] == [("missing", "sip-n1-1@switch")]


def test_calls_outside_the_switchs_list_are_left_out(store: Engine) -> None:
    apply(store, livelihood_call(1), livelihood_call(99_999))
    assert audited(store, listed(1)).clean


def test_a_summary_keeps_slots_and_trunks_apart(store: Engine) -> None:
    apply(store, livelihood_call(1), livelihood_call(2), police_call(3))
    with reading(store) as session:
        told = summarise(session)
    assert told.verdicts == {"police": 1, "livelihood": 2}
    assert (told.calls, told.tickets, told.slot_held_ms.count) == (3, 2, 2)
    assert told.trunk_held_ms.p50 == 20010
    assert told.slot_held_ms.p99 is not None
    assert told.slot_held_ms.p99 < 4000


def test_who_left_the_police_queue_is_called_back_newest_first(store: Engine) -> None:
    apply(
        store,
        police_call(1, answered=False),
        police_call(2),
        livelihood_call(3),
        police_call(4, answered=False),
    )
    with reading(store) as session:
        assert [row.call_id for row in abandoned_calls(session)] == [call_id(4), call_id(1)]


class Site:
    """As `scripts.cli.context.Site`, without a settings file."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.settings = self
        self.trunk = type("Trunk", (), {"name": "l110-trunk"})
        self.switch_list_path: Path | None = None
        self.cel_path = folder / "l110.jsonl"
        self.cdr_path = folder / "cdr.jsonl"


@pytest.fixture
def site(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("click.Context.ensure_object", lambda self, _: self.obj)
    return Site(store, tmp_path)


@pytest.mark.parametrize(
    ("group", "command"),
    [
        (calls, ["list"]),
        (calls, ["list", "--json"]),
        (calls, ["show", call_id(1)]),
        (calls, ["show", call_id(1)[-10:]]),
        (calls, ["show", call_id(1), "--json"]),
        (tickets, ["list"]),
        (tickets, ["show", "20261124-000001"]),
        (calls, ["abandoned", "--json"]),
    ],
)
def test_no_command_prints_a_whole_number(site: Site, group: object, command: list[str]) -> None:
    apply(site.engine, livelihood_call(1), police_call(2, answered=False))
    result = CliRunner().invoke(group, command, obj=site)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    assert "1380000" not in result.output
    assert "****0" in result.output.replace("\n", "") or "****" in result.output


def test_an_audit_that_is_not_zero_ends_with_status_1(site: Site, tmp_path: Path) -> None:
    apply(site.engine, livelihood_call(1))
    file = tmp_path / "switch.csv"
    file.write_text("sip_call_id\nsip-n1-1@switch\n")
    command = ["calls", "--json", "--switch-cdr", str(file)]
    result = CliRunner().invoke(audit, command, obj=site)
    assert (result.exit_code, json.loads(result.output)["missing"]) == (0, 0)
    file.write_text("sip_call_id\nsip-n1-1@switch\nother\n")
    result = CliRunner().invoke(audit, [*command, "--verbose"], obj=site)
    assert result.exit_code == 1
    assert json.loads(result.output)["findings"][0]["subject"] == "other"


def test_an_audit_without_a_list_says_how_to_name_one(site: Site) -> None:
    result = CliRunner().invoke(audit, ["calls"], obj=site)
    assert result.exit_code == 1
    assert "--switch-cdr" in result.output


def test_db_upgrade_can_be_run_again(site: Site) -> None:
    assert "at revision" in CliRunner().invoke(db, ["upgrade"], obj=site).output

"""One call in one order: store, journal, CEL file and logs; whatever is missing is said."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from config.settings import Settings, load_settings
from db.engine import make_engine, writing
from db.journal import Journal
from db.step_codec import step_to_json
from db.store import apply_steps
from db.upgrade import upgrade
from routing.steps import Step, StepKind
from scripts.cli.main import l110
from tests.integration.store.made import T0, a_step, call_id, livelihood_call
from tickets.numbers import provisional_number

CALLER = "13800000007"
ID = call_id(7)


@dataclass(frozen=True)
class Place:
    settings: Settings

    def store(self, steps: list[Step]) -> None:
        engine = make_engine(self.settings.store_url)
        upgrade(engine)
        with writing(engine) as session:
            apply_steps(session, steps)
        engine.dispose()

    def journal(self, *steps: Step) -> None:
        journal = Journal.open(self.settings.journal_path, "n1")
        for step in steps:
            journal.write_and_wait(step)
        journal.close()

    def cel(self, *steps: Step) -> None:
        """As Asterisk writes them."""
        names = {StepKind.RELEASED: "L110_RELEASED", StepKind.END: "L110_END"}
        self.settings.cel_path.parent.mkdir(parents=True, exist_ok=True)
        with self.settings.cel_path.open("a") as file:
            for step in steps:
                told = "&".join(f"{k}={v}" for k, v in {"call": step.call_id, **step.data}.items())
                event = {
                    "eventtype": names[step.kind], "eventtime": f"{step.at.timestamp():.6f}",
                    "uniqueid": step.leg, "channame": "PJSIP/l110-trunk-00000007",
                    "eventextra": json.dumps({"extra": told}),
                }  # fmt: skip
                file.write(json.dumps(event) + "\n")

    def log(self, process: str, s: float, event: str, **told: object) -> None:
        self.settings.log_dir.mkdir(parents=True, exist_ok=True)
        at = (T0 + timedelta(seconds=7 * 0.01 + s)).isoformat().replace("+00:00", "Z")
        line = {"event": event, "process": process, "level": "info", "timestamp": at, **told}
        with (self.settings.log_dir / f"{process}.log").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def trace(self, *words: str) -> Result:
        return CliRunner().invoke(l110, ["trace", *words], env={"COLUMNS": "200"})

    def found(self, name: str, *words: str) -> dict[str, Any]:
        result = self.trace(name, "--json", *words)
        assert result.exit_code == 0, result.output
        told: dict[str, Any] = json.loads(result.output)
        return told


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("L110_DATABASE_URL", f"sqlite:///{tmp_path}/store.sqlite3")
    return Place(load_settings())


def whats(found: dict[str, Any]) -> list[str]:
    return [step["what"] for step in found["steps"]]


def test_steps_and_log_lines_stand_in_one_order_with_their_process_and_ms(place):
    place.store(livelihood_call(7))
    place.log("ivr", 3.002, "call.decided", call_id=ID, verdict="livelihood")
    place.log("ivr", 3.003, "call.decided", call_id=call_id(8), verdict="police")
    place.log("forward", 90, "call.settled", call_id=ID, outcome="talked-to-livelihood")
    place.log("watch", 5, "alarm.raised", alarm="agi-stuck", detail=f"{ID}, {call_id(9)}")
    found = place.found(ID)
    assert found["call_id"] == ID
    steps = found["steps"]
    assert steps[0]["ms"] == 0.0
    assert [step["ms"] for step in steps] == sorted(step["ms"] for step in steps)
    of = {step["what"]: step for step in steps}
    assert (of["chan-start"]["process"], of["decided"]["process"]) == ("asterisk", "bridge")
    assert (of["call.decided"]["process"], of["call.decided"]["ms"]) == ("bridge", 3002.0)
    assert whats(found).count("call.decided") == 1
    assert whats(found).index("decided") < whats(found).index("call.decided")
    assert of["alarm.raised"]["process"] == "watch"
    assert of["call.settled"]["facts"]["outcome"] == "talked-to-livelihood"
    assert {step["source"] for step in steps} == {"store", "log"}
    assert found["notes"] == []


def test_a_call_is_found_by_the_end_of_its_id_and_by_both_numbers_of_its_ticket(place):
    place.store(livelihood_call(7))
    shown = json.loads(CliRunner().invoke(l110, ["tickets", "list", "--json"]).output)
    names = [ID[-8:], provisional_number(ID), shown[0]["number"]]
    assert [place.found(name)["call_id"] for name in names] == [ID] * 3


def test_what_only_journal_cel_file_and_log_have_is_told_too(place):
    """The forwarder is away: half of the call is not stored, and no disk took one step of it."""
    every = livelihood_call(7)
    stored = [step for step in every if step.kind is StepKind.CHAN_START]
    by_bridge = [step for step in every if step.kind in (StepKind.INTAKE, StepKind.DECIDED)]
    place.store(stored)
    place.journal(*by_bridge)
    place.cel(*(step for step in every if step.kind in (StepKind.RELEASED, StepKind.END)))
    place.log("ivr", 4, "journal.step_unkept", call_id=ID, why="disk",
              step=step_to_json(a_step(StepKind.FAILED, 7, 3.9, reason="test")))  # fmt: skip
    for name in (ID, ID[-8:], provisional_number(ID)):
        found = place.found(name)
        sources = {step["what"]: step["source"] for step in found["steps"]}
        assert sources["chan-start"] == "store"
        assert sources["intake"] == sources["decided"] == "journal"
        assert sources["released"] == sources["end"] == "cel"
        assert sources["failed"] == "log"


def test_a_step_that_is_stored_and_still_in_the_journal_is_told_once(place):
    place.store(livelihood_call(7))
    place.journal(*(s for s in livelihood_call(7) if s.kind is StepKind.DECIDED))
    found = place.found(ID)
    assert whats(found).count("decided") == 1
    assert {step["source"] for step in found["steps"]} == {"store"}


def test_without_a_store_what_waits_is_told_and_that_the_store_is_away(place, monkeypatch):
    monkeypatch.setenv("L110_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    place.journal(*(s for s in livelihood_call(7) if s.kind is StepKind.INTAKE))
    found = place.found(ID[-8:])
    assert whats(found) == ["intake"]
    assert any("the store is away" in note for note in found["notes"])


def test_no_number_of_a_caller_is_shown(place):
    place.store(livelihood_call(7))
    place.log("ivr", 3, "agi.failed", call_id=ID, error=f"ValueError: {CALLER}", name="张三")
    place.log("ivr", 4, "journal.step_unkept", call_id=ID,
              step=step_to_json(a_step(StepKind.FAILED, 7, 3.9, caller=CALLER)))  # fmt: skip
    for output in (place.trace(ID).output, place.trace(ID, "--json").output):
        assert "agi.failed" in output
        assert CALLER not in output
        assert "138****0007" in output
        assert "张三" not in output
    assert CALLER in (place.settings.log_dir / "ivr.log").read_text()  # the control: it was there


def test_a_channel_s_name_belongs_to_the_call_only_near_it(place):
    """After a new start of Asterisk the names begin again."""
    place.store(livelihood_call(7))
    name = "PJSIP/l110-trunk-00000007"
    place.log("watch", 6, "alarm.raised", alarm="audio-silent", detail=name)
    place.log("watch", 86400, "alarm.raised", alarm="audio-silent", detail=name)
    assert whats(place.found(ID)).count("alarm.raised") == 1


def test_a_further_log_is_read_and_a_missing_one_is_said(place, tmp_path):
    place.store(livelihood_call(7))
    assert any("--log" in note for note in place.found(ID)["notes"])
    place.log("ivr", 3, "call.decided", call_id=ID)
    moved = (place.settings.log_dir / "ivr.log").rename(tmp_path / "journald")
    found = place.found(ID, "--log", str(moved))
    assert "call.decided" in whats(found)
    assert found["notes"] == []


def test_the_table_has_both_languages(place):
    place.store(livelihood_call(7))
    shown = place.trace(ID).output
    for word in ("Trace 全程", "ms 毫秒", "process 进程", "what 事件", "asterisk", "bridge"):
        assert word in shown


@pytest.mark.parametrize(
    "name", ["20261123T202606Z-n1-9-00000009", "20261123-000999", "P-n1-9-X", "7"]
)
def test_an_unknown_call_is_a_clear_error(place, name):
    place.store(livelihood_call(7))
    result = place.trace(name)
    assert result.exit_code == 1
    assert f"no call and no ticket {name}" in result.output
    assert "l110 calls list" in result.output


def test_an_end_that_fits_two_waiting_calls_is_refused(place):
    place.store([])
    first = a_step(StepKind.INTAKE, 7, 0)
    other = Step("n1/x/intake", StepKind.INTAKE, "n1", "x", ID.replace("-7-", "-70-"), first.at, {})
    place.journal(first, other)
    result = place.trace(ID[-8:])
    assert result.exit_code == 1
    assert "several calls" in result.output

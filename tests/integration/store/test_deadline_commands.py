"""`l110 calendar`, `deadlines`, `supervision` and `tickets deadline`, as a person types them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from scripts.cli.main import l110
from tests.integration.store.lives import HANDLER, OPERATOR, Late

Run = Callable[..., Result]


@pytest.fixture
def run(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("L110_DATABASE_URL", store.url.render_as_string(hide_password=False))
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *words: CliRunner().invoke(l110, list(words))


def answered(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def late(store: Engine) -> Late:
    return Late(store)


def test_a_deadline_is_explained_day_by_day_in_both_languages(run: Run, late: Late) -> None:
    late.working("2026-09-23 10:00")
    late.move("wait", HANDLER, "2026-09-28 08:00", "he is away")
    number = late.move("go-on", HANDLER, "2026-09-28 10:00").number or ""
    shown = answered(run("tickets", "deadline", number))
    for line in (
        "2026-09-23 三", "day off 放假 (国庆节 National Day)", "make-up workday 调休上班",
        "7 working days", "时限 7个工作日", "派单当日不计入",
        "1个工作日计7:00", "Due 到期 2026-10-12 10:00",
    ):  # fmt: skip
        assert line in shown
    assert sum("2:00" in line and "2026-09-28" in line for line in shown.splitlines()) == 1


def test_programs_read_the_same_and_the_steps_add_up(run: Run, late: Late) -> None:
    number = late.dispatched("2026-09-23 10:00").number or ""
    told = json.loads(answered(run("tickets", "deadline", number, "--json")))
    assert told["due_at"] == told["stored_due_at"] == "2026-10-10T17:30:00+08:00"
    assert sum(step["counted_s"] for step in told["steps"]) == told["total_s"]
    assert (told["deadline_class"], told["tier"]) == ("general", "7 working days")
    assert told["steps"][-1]["kind"] == "make-up"


def test_a_provisional_deadline_says_so_and_marks_the_days(run: Run, late: Late) -> None:
    number = late.dispatched("2026-12-22 10:00", deadline_class="complex").number or ""
    shown = answered(run("tickets", "deadline", number))
    assert "Provisional" in shown
    assert "暂定" in shown
    assert "working day 工作日 ?" in shown
    assert "1 provisional deadlines" in answered(
        run("calendar", "publish", "2027", "--because", "国办通知")
    )
    shown = answered(run("tickets", "deadline", number))
    assert "Provisional" not in shown
    assert "?" not in shown


def test_a_ticket_without_a_deadline_and_one_that_is_not_there_are_told_apart(
    run: Run, late: Late
) -> None:
    unknown = run("tickets", "deadline", "20260101-000001")
    assert (unknown.exit_code, "no ticket" in unknown.output) == (1, True)
    undispatched = run("tickets", "deadline", late.row().number or "")
    assert "has no deadline that began with a dispatch; it is screened" in undispatched.output


def test_a_waiting_ticket_says_that_its_clock_stands(run: Run, late: Late) -> None:
    late.working("2026-09-23 10:00")
    number = late.move("wait", HANDLER, "2026-09-28 08:00", "he is away").number or ""
    assert "等待群众，计时暂停" in answered(run("tickets", "deadline", number))


def test_a_citys_own_day_moves_open_deadlines_at_once(run: Run, late: Late) -> None:
    late.dispatched("2026-09-14 10:00")
    said = answered(run("calendar", "set", "2026-09-16", "off", "--because", "台风停工"))
    assert "1 deadlines moved" in said
    shown = json.loads(answered(run("calendar", "show", "2026", "--json")))
    (day,) = [each for each in shown["days"] if each["day"] == "2026-09-16"]
    assert (day["working"], day["zh"], bool(day["set_by"])) == (False, "台风停工", True)
    assert shown["published"] is True
    back = run("calendar", "set", "2026-09-16", "as-published", "--because", "未登陆")
    assert "1 deadlines moved" in answered(back)
    again = run("calendar", "set", "2026-09-16", "as-published", "--because", "未登陆")
    assert "is as it is published" in again.output
    assert again.exit_code == 1


def test_a_year_that_is_not_published_says_how_to_enter_it(run: Run) -> None:
    shown = answered(run("calendar", "show", "2027"))
    assert "make-up days are not published" in shown
    assert "国庆节" in shown
    assert "working days 个工作日" in shown


def test_computing_anew_by_hand_lists_what_moved(run: Run, late: Late) -> None:
    late.dispatched("2026-12-22 10:00", deadline_class="complex")
    assert json.loads(answered(run("calendar", "recompute", "--json"))) == {"moved": []}
    assert "0 deadlines moved" in answered(run("calendar", "recompute", "--all"))


def test_supervision_is_made_listed_and_shown(run: Run, store: Engine) -> None:
    now = datetime.now(UTC)
    late = Late(store, title="Burst pipe")
    late.at = now - timedelta(days=60)
    number = (
        late.move("dispatch", OPERATOR, unit="water", due_at=now - timedelta(days=40)).number or ""
    )
    late.move("edit", OPERATOR, urgency="urgent")  # told at any hour
    made = json.loads(answered(run("supervision", "run", "--json")))
    assert made["made"] == 5
    said = answered(run("supervision", "run"))
    assert ("0 notices made" in said, "It is night" in said) == (True, made["night"])
    told = json.loads(answered(run("supervision", "list", "--json")))
    assert [each["level"] for each in told] == [6, 5, 4, 3, 2]
    assert told[0]["number"].endswith("-0004")
    assert (told[0]["ticket"], told[0]["to"]) == (number, "leaders-meeting")
    agenda = run("supervision", "list", "--meeting", told[0]["meeting_on"], "--kind", "escalation")
    assert number in answered(agenda)
    shown = answered(run("supervision", "show", number))
    assert "督办〔" in shown
    assert "Burst pipe" in shown
    assert len(json.loads(answered(run("supervision", "show", number, "--json")))) == 5
    assert "no ticket X" in run("supervision", "show", "X").output


def test_the_file_of_deadlines_is_shown_and_checked(run: Run, tmp_path: Path) -> None:
    shown = answered(run("deadlines", "show"))
    assert "13 working days" in shown
    assert "1 working day before" in shown
    told = json.loads(answered(run("deadlines", "show", "--json")))
    assert told["classes"]["general"]["normal"] == "7 working days"
    assert [rung["level"] for rung in told["ladder"]["day"]] == [1, 2, 3, 4, 5, 6]
    assert "may go live; 5 classes" in answered(run("deadlines", "check", "config/deadlines.toml"))
    bad = tmp_path / "bad.toml"
    bad.write_text("[meeting]\nday = 40\n")
    refused = run("deadlines", "check", str(bad))
    assert refused.exit_code == 1
    assert f"{bad}:2: meeting.day: must be a whole number" in refused.output


def test_a_wrong_or_missing_file_of_deadlines_is_told_with_its_mend(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("L110_DEADLINES_FILE", str(tmp_path / "none.toml"))
    assert "set deadlines_file" in run("supervision", "run").output
    (tmp_path / "none.toml").write_text("default = 1\n")
    assert "none.toml:1: default: must be a text" in run("supervision", "run").output


def test_a_store_without_tables_is_told_with_its_mend(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("L110_DATABASE_URL", f"sqlite:///{tmp_path}/empty.sqlite3")
    for words in (["supervision", "list"], ["calendar", "show", "2026"], ["supervision", "run"]):
        assert "l110 db upgrade" in run(*words).output

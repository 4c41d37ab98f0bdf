"""`l110 users` and `l110 audit verify`, as they are typed, on both stores."""

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, delete, update

from db.audit_triggers import drop_audit_triggers
from db.engine import writing
from db.models import AuditRow
from desk.context import Desk
from desk.security.signing_in import Given, SignInRefused, sign_in
from scripts.cli.main import l110
from scripts.desk_context import desk_of

PASSWORD = "correct horse battery"
Run = Callable[..., Result]


@pytest.fixture
def run(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path / "var"))
    url = store.url.set(drivername=store.dialect.name).render_as_string(hide_password=False)
    monkeypatch.setenv("L110_DATABASE_URL", url)
    return lambda *words, given=f"{PASSWORD}\n": CliRunner().invoke(l110, words, input=given)


def add(run: Run, name: str, *more: str, given: str = f"{PASSWORD}\n") -> Result:
    return run("users", "add", name, "--password-stdin", *more, given=given)


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def desk(store: Engine) -> Desk:
    from config.settings import load_settings

    return desk_of(load_settings(), store)


def may(store: Engine, name: str, password: str, code: str = "") -> bool:
    try:
        sign_in(desk(store), Given(name, password, code))
    except SignInRefused:
        return False
    return True


def test_who_was_added_signs_in_and_stands_in_the_list(run: Run, store: Engine) -> None:
    said = done(add(run, "wang", "--role", "operator", "--full-name", "王芳", "--seat", "7001"))
    assert PASSWORD not in said
    assert may(store, "wang", PASSWORD)
    [row] = json.loads(done(run("users", "list", "--json")))
    assert (row["full_name"], row["roles"], row["seat"]) == ("王芳", ["operator"], "7001")
    assert (row["one_time"], row["state"]) == (True, "enabled")
    assert "王芳" in done(run("users", "list"))


def test_a_password_is_asked_for_twice_where_a_person_types_it(run: Run, store: Engine) -> None:
    done(run("users", "add", "wang", "--role", "operator", "--own", given=f"{PASSWORD}\n" * 2))
    assert may(store, "wang", PASSWORD)


def test_an_admin_gets_a_secret_for_codes_once(run: Run, store: Engine) -> None:
    said = done(add(run, "zhao", "--role", "admin"))
    uri = next(word for word in said.split() if word.startswith("otpauth://"))
    assert not may(store, "zhao", PASSWORD)
    made = pyotp.parse_uri(uri)
    assert isinstance(made, pyotp.TOTP)
    assert may(store, "zhao", PASSWORD, made.at(datetime.now(UTC)))
    assert "otpauth" not in done(run("users", "list", "--json"))


@pytest.mark.parametrize(
    ("name", "roles", "password", "says"),
    [
        ("zhao", ["admin", "auditor"], PASSWORD, "never one person"),
        ("li", ["handler"], PASSWORD, "has a unit"),
        ("Li", ["operator"], PASSWORD, "small letter"),
        ("li", ["operator"], "short", "12 to 200"),
    ],
)
def test_what_may_not_be_is_refused_and_nobody_is_added(
    run: Run, name: str, roles: list[str], password: str, says: str
) -> None:
    words = [word for role in roles for word in ("--role", role)]
    refused = add(run, name, *words, given=f"{password}\n")
    assert refused.exit_code == 1
    assert says in refused.output
    assert json.loads(done(run("users", "list", "--json"))) == []


def test_a_name_is_not_given_twice(run: Run) -> None:
    done(add(run, "wang", "--role", "operator"))
    again = add(run, "wang", "--role", "leader")
    assert again.exit_code == 1
    assert "never given twice" in again.output


def test_who_is_disabled_is_out_until_a_reset(run: Run, store: Engine, tmp_path: Path) -> None:
    done(add(run, "wang", "--role", "operator", "--own"))
    done(run("users", "disable", "wang"))
    assert not may(store, "wang", PASSWORD)
    kept = tmp_path / "for-wang"
    said = done(run("users", "reset", "wang", "--to", str(kept)))
    password = kept.read_text().split()[-1]
    assert password not in said
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert may(store, "wang", password)
    taken = run("users", "reset", "wang", "--to", str(kept))
    assert taken.exit_code == 1
    assert "name a new file" in taken.output
    assert may(store, "wang", password), "a reset that could not be handed over changes nothing"
    shown = done(run("users", "reset", "wang")).splitlines()[0].split()[-1]
    assert may(store, "wang", shown)


def test_a_lost_authenticator_is_replaced(run: Run, store: Engine) -> None:
    old = pyotp.parse_uri(done(add(run, "zhao", "--role", "auditor")).split()[3])
    said = done(run("users", "reset", "zhao", "--new-codes")).splitlines()
    password, uri = said[0].split()[-1], said[1].split()[-1]
    new, now = pyotp.parse_uri(uri), datetime.now(UTC)
    assert isinstance(old, pyotp.TOTP)
    assert isinstance(new, pyotp.TOTP)
    assert not may(store, "zhao", password, old.at(now))
    assert may(store, "zhao", password, new.at(now))


def test_roles_units_and_seat_are_changed_and_the_rest_stays(run: Run) -> None:
    def row() -> tuple[list[str], list[str], str | None]:
        [found] = json.loads(done(run("users", "list", "--json")))
        return found["roles"], found["units"], found["seat"]

    done(add(run, "li", "--role", "operator", "--seat", "7001"))
    done(run("users", "change", "li", "--seat", "7002"))
    assert row() == (["operator"], [], "7002")
    done(run("users", "change", "li", "--role", "handler", "--unit", "water", "--seat", "none"))
    assert row() == (["handler"], ["water"], None)
    done(run("users", "change", "li", "--unit", "power"))
    assert row() == (["handler"], ["power"], None)
    done(run("users", "change", "li", "--role", "leader"))
    assert row() == (["leader"], [], None)
    assert json.loads(done(run("audit", "log", "--json")))[0]["detail"]["roles"] == ["leader"]


def test_who_becomes_an_auditor_gets_codes_and_never_beside_admin(run: Run, store: Engine) -> None:
    done(add(run, "wu", "--role", "leader", "--own"))
    assert may(store, "wu", PASSWORD)
    refused = run("users", "change", "wu", "--role", "admin", "--role", "auditor")
    assert refused.exit_code == 1
    assert "never one person" in refused.output
    assert "otpauth://" in done(run("users", "change", "wu", "--role", "auditor"))
    assert not may(store, "wu", PASSWORD)
    assert "otpauth://" not in done(run("users", "change", "wu", "--role", "leader"))


@pytest.mark.parametrize("command", ["disable", "reset", "change"])
def test_an_unknown_name_is_said_so(run: Run, command: str) -> None:
    refused = run("users", command, "nobody")
    assert refused.exit_code == 1
    assert "no user nobody" in refused.output


def test_a_store_without_tables_names_the_mend(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("L110_DATABASE_URL", f"sqlite:///{tmp_path}/empty.sqlite3")
    for words in (("users", "list"), ("audit", "verify"), ("audit", "log")):
        assert "l110 db upgrade" in run(*words).output


def test_each_command_is_audited_by_who_typed_it(run: Run) -> None:
    done(add(run, "wang", "--role", "operator"))
    done(run("users", "disable", "wang"))
    done(run("users", "reset", "wang"))
    rows = json.loads(done(run("audit", "log", "--json")))
    assert [row["action"] for row in rows] == ["users.reset", "users.disable", "users.add"]
    assert {row["subject"] for row in rows} == {"wang"}
    assert all(row["by"].startswith("cli:") for row in rows)
    assert "users.add" in done(run("audit", "log"))
    assert PASSWORD not in json.dumps(rows)


def test_the_chain_is_verified(run: Run) -> None:
    for n in range(3):
        done(add(run, f"wang{n}", "--role", "operator"))
    assert "3 rows, each as it was written" in done(run("audit", "verify"))
    found = json.loads(done(run("audit", "verify", "--json")))
    assert (found["holds"], found["rows"], found["heads"]) == (True, 3, 3)


@pytest.mark.control(without="the triggers")
def test_control_verify_names_the_first_altered_row(run: Run, store: Engine) -> None:
    for n in range(3):
        done(add(run, f"wang{n}", "--role", "operator"))
    with writing(store) as session:
        drop_audit_triggers(session.connection())
        session.execute(update(AuditRow).where(AuditRow.seq >= 2).values(subject="nobody"))
    verified = run("audit", "verify")
    assert verified.exit_code == 1
    assert "row 2: its fields are not those that were written" in verified.output


@pytest.mark.control(without="the triggers")
def test_control_deleted_last_rows_are_told_with_the_heads_and_not_without(
    run: Run, store: Engine, tmp_path: Path
) -> None:
    for n in range(3):
        done(add(run, f"wang{n}", "--role", "operator"))
    with writing(store) as session:
        drop_audit_triggers(session.connection())
        session.execute(delete(AuditRow).where(AuditRow.seq == 3))
    verified = run("audit", "verify")
    assert verified.exit_code == 1
    assert "rows 3 to 3 were there and are gone" in verified.output
    empty = tmp_path / "no-heads"
    empty.touch()
    blind = run("audit", "verify", "--heads", str(empty))
    assert blind.exit_code == 0
    assert "Not seen: last rows deleted by one who could delete their heads too" in blind.output

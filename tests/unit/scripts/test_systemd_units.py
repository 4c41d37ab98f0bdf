"""The units mean what `l110 up` means, and systemd itself reads them so."""

import configparser
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.settings import load_settings
from scripts.cli import supervision
from scripts.cli.main import l110
from scripts.systemd_units import UnitsRefused, units

SERVICES = {"asterisk", "ivr", "forward", "watch", "worker", "keep", "desk"}
ANALYZE = shutil.which("systemd-analyze") or ""
needs_systemd = pytest.mark.skipif(not ANALYZE, reason="systemd is not installed")
EXPOSED_AT_MOST = 2.5  # of 10, as systemd-analyze reckons; a service without any measure has 9.6


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with room for the name of a socket below it."""
    with tempfile.TemporaryDirectory(prefix="l110-") as folder:
        yield Path(folder)


@pytest.fixture
def settings(short, monkeypatch):
    monkeypatch.setenv("L110_VAR_DIR", str(short))
    return load_settings()


def read(text: str) -> dict[str, list[str]]:
    """Key -> values: a unit may say a key more than once."""
    said: dict[str, list[str]] = {}
    for line in text.splitlines():
        if re.match(r"[A-Za-z]+=", line):
            key, _, value = line.partition("=")
            said.setdefault(key, []).append(value)
    return said


def services(settings) -> dict[str, dict[str, list[str]]]:
    made = units(settings, None, "root")
    return {
        name.removeprefix("l110-").removesuffix(".service"): read(text)
        for name, text in made.items()
        if name.endswith(".service")
    }


def test_there_is_a_unit_for_each_process_that_up_starts(settings):
    found = services(settings)
    assert set(found) == SERVICES == set(supervision.commands(settings, None))
    target = read(units(settings, None, "root")["l110.target"])
    assert set(target["Wants"][0].split()) == {f"l110-{name}.service" for name in SERVICES}


def test_silence_means_the_same_under_systemd_and_under_up(settings):
    here = configparser.RawConfigParser()
    here.read_string(supervision.configuration(settings, None))
    for name, unit in services(settings).items():
        told = re.search(r'WATCHDOG_USEC="(\d+)"', here[f"program:{name}"]["environment"])
        assert told
        if name != "keep":  # nobody but systemd looks after the keeper itself
            assert float(unit.get("WatchdogSec", ["0"])[0]) * 1e6 == float(told[1])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_unit_is_started_anew_for_ever_and_may_do_nothing_but_its_work(settings, name):
    unit = services(settings)[name]
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert unit["NoNewPrivileges"] == ["yes"]
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["ReadWritePaths"] == [str(settings.var)]
    assert re.fullmatch(r"\d+[MG]", unit["MemoryMax"][0])


def test_secrets_are_handed_out_only_to_who_needs_them_and_never_named_by_value(settings):
    found = services(settings)
    given = {
        name: {line.partition(":")[0] for line in unit.get("LoadCredential", [])}
        for name, unit in found.items()
    }
    both = {"ami-reader", "ami-actor"}
    own = {*both, "asterisk-metrics"}
    assert {name: found for name, found in given.items() if found} == {
        "asterisk": own,
        "watch": both,
        "desk": {"desk-codes", "answer-links"},
        "worker": {"ami-actor", "answer-links", "webhook"},
    }
    text = "".join(units(settings, None, "root").values())
    assert settings.secret_path("ami-reader").read_text() not in text


def test_a_file_of_passwords_for_the_store_is_handed_out_where_there_is_one(settings):
    settings.secret_path("pgpass").parent.mkdir(exist_ok=True)
    settings.secret_path("pgpass").write_text("*:*:*:l110:secret\n")
    found = services(settings)
    for name in ("forward", "watch", "worker", "desk"):
        assert "PGPASSFILE=%d/pgpass" in found[name]["Environment"]
    assert "PGPASSFILE=%d/pgpass" not in found["ivr"]["Environment"]


def test_a_node_without_a_desk_has_no_unit_and_no_secret_of_it(settings, monkeypatch):
    monkeypatch.setenv("L110_WEB__SERVE", "false")
    without = load_settings()
    made = units(without, None, "root")
    assert "l110-desk" not in "".join([*made, *made.values()])
    assert not without.secret_path("desk-codes").exists()


def test_what_systemd_hands_out_comes_before_the_file(settings, monkeypatch, tmp_path):
    handed = tmp_path / "credentials"
    handed.mkdir()
    (handed / "ami-reader").write_text("handed")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    assert settings.secret_path("ami-reader").read_text() == "handed"
    assert settings.secret_path("ami-actor") == settings.var / "secrets/ami-actor"
    assert settings.secret_path("") == settings.var / "secrets"


@pytest.mark.parametrize("folder", ["with blank", "per%cent", "a" * 120])
def test_a_path_that_systemd_would_read_otherwise_is_refused(tmp_path, monkeypatch, folder):
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path / folder))
    with pytest.raises(UnitsRefused):
        units(load_settings(), None, "l110")


@pytest.fixture
def written(short: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("L110_VAR_DIR", str(short / "var"))
    folder = short / "units"
    done = CliRunner().invoke(l110, ["config", "systemd", "--user", "root", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


def test_the_command_prints_what_it_would_write(written):
    shown = CliRunner().invoke(l110, ["config", "systemd", "--user", "root"]).output
    for unit in written.iterdir():
        assert unit.read_text() in shown


@needs_systemd
def test_systemd_finds_no_fault_with_the_units(written):
    files = [str(unit) for unit in sorted(written.iterdir())]
    done = subprocess.run([ANALYZE, "verify", *files], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "l110" in line]
    assert (done.returncode, ours) == (0, [])


@needs_systemd
def test_control_systemd_finds_a_fault_where_there_is_one(written):
    unit = written / "l110-ivr.service"
    unit.write_text(unit.read_text().replace("ExecStart=/", "ExecStart=/nowhere/"))
    done = subprocess.run([ANALYZE, "verify", str(unit)], capture_output=True, text=True)
    assert done.returncode != 0


@needs_systemd
def test_systemd_reckons_the_units_as_little_exposed(written):
    for unit in sorted(written.glob("*.service")):
        assert exposure(unit) <= EXPOSED_AT_MOST, unit.name


@needs_systemd
def test_control_a_unit_without_its_measures_is_exposed(written):
    unit = written / "l110-ivr.service"
    text = unit.read_text()
    unit.write_text(text[: text.index("# What it may do")] + "\n[Install]\nWantedBy=l110.target\n")
    assert exposure(unit) > 2 * EXPOSED_AT_MOST


def exposure(unit: Path) -> float:
    command = [ANALYZE, "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, json.dumps(done.stderr)
    return float(found[1])

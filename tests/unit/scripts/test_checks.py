"""Every complaint of the doctor comes with its mend."""

import json
from pathlib import Path

import pytest

from config.settings import load_settings
from scripts.asterisk_config import tells_figures
from scripts.asterisk_home import LENGTHS
from scripts.cli import checks
from scripts.cli.doctor import examine


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    return load_settings()


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(settings, monkeypatch):
    def broken(_):
        raise RuntimeError("no sense")

    monkeypatch.setattr(checks, "ALL", (broken, checks.python_version))
    found = list(examine(settings))
    assert [check.state for check in found] == ["fail", "ok"]
    assert "no sense" in found[0].says


def test_secrets_that_others_may_read_fail_with_the_command_that_mends(settings):
    path = settings.secret_path("ami-reader")
    path.parent.mkdir(parents=True)
    path.write_text("x")
    path.chmod(0o644)
    assert checks.secret_files(settings).mend == f"chmod 600 {path}"
    path.chmod(0o600)
    assert checks.secret_files(settings).state == "ok"


@pytest.mark.parametrize(
    ("host", "state"),
    [("127.0.0.1", "ok"), ("::1", "ok"), ("localhost", "ok"), ("0.0.0.0", "fail"), ("pbx", "fail")],
)
def test_the_manager_stays_on_this_machine(monkeypatch, host, state):
    monkeypatch.setenv("L110_AMI__HOST", host)
    assert checks.manager_is_local(load_settings()).state == state


def test_starts_belong_into_memory_and_into_a_folder_of_our_own(tmp_path, monkeypatch):
    kinds: dict[Path, str] = {}
    monkeypatch.setattr(checks, "file_system_of", lambda path: kinds.get(path, "tmpfs"))
    monkeypatch.setenv("L110_RECORDS__STARTS_DIR", str(tmp_path / "starts"))
    settings = load_settings()
    assert checks.starts(settings).state == "ok"
    settings.starts_path.mkdir(mode=0o700)
    assert checks.starts(settings).state == "ok"
    settings.starts_path.chmod(0o777)
    assert checks.starts(settings).state == "fail"
    kinds[settings.starts_path] = "ext4"
    assert checks.starts(settings).state == "warn"


def test_the_file_system_of_a_path_is_that_of_the_longest_mount():
    assert checks.file_system_of(Path("/proc/self/no-such")) == "proc"
    assert checks.file_system_of(Path("/dev/shm/no-such")) == "tmpfs"


@pytest.fixture
def sounds(tmp_path, monkeypatch):
    def speak(lengths):
        for language, book in lengths.items():
            folder = tmp_path / language / "l110"
            folder.mkdir(parents=True)
            for name in book:
                (folder / f"{name}.wav").touch()
        (tmp_path / LENGTHS).write_text(json.dumps(lengths))

    monkeypatch.setattr(checks, "SOUNDS", tmp_path)
    return speak


def test_a_menu_over_six_seconds_is_refused(settings, sounds):
    sounds({"zh": {"menu": 5.4}, "en": {"menu": 6.2}})
    found = checks.prompts(settings)
    assert (found.state, "en" in found.says) == ("fail", True)


def test_a_prompt_that_is_gone_is_named(settings, sounds, tmp_path):
    sounds({"zh": {"menu": 5.4, "police-wait": 3.0}})
    assert checks.prompts(settings).state == "ok"
    (tmp_path / "zh/l110/police-wait.wav").unlink()
    assert "zh/police-wait" in checks.prompts(settings).says


def test_rules_that_could_strand_a_caller_are_a_failure(settings, monkeypatch, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text("[menu]\nenabled = true\n")
    monkeypatch.setenv("L110_RULES_FILE", str(rules))
    assert checks.rules(load_settings()).state == "fail"


def test_a_file_of_deadlines_that_may_not_go_live_is_a_failure(settings, monkeypatch, tmp_path):
    assert checks.deadlines(settings).state == "ok"
    file = tmp_path / "deadlines.toml"
    monkeypatch.setenv("L110_DEADLINES_FILE", str(file))
    assert checks.deadlines(load_settings()).mend == "Set deadlines_file."
    file.write_text("[meeting]\nday = 40\n")
    assert f"{file}:2: meeting.day" in checks.deadlines(load_settings()).says


def test_a_store_that_was_never_made_is_no_failure_and_is_not_made_by_looking(settings, tmp_path):
    assert checks.store(settings).state == "warn"
    assert not (tmp_path / "store.sqlite3").exists()


def test_a_journal_that_cannot_be_read_is_a_failure(settings):
    settings.journal_path.write_bytes(b"this is no database" * 100)
    assert checks.journal(settings).state == "fail"


def test_a_full_disk_is_told_before_the_journal_meets_it(settings, monkeypatch):
    monkeypatch.setattr(checks, "FREE_SPACE_GB", 1e9)
    assert checks.state_folder(settings).state == "fail"


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("127.0.1.1 far.example here", "ok"),
        ("#127.0.1.1 here", "warn"),
        ("127.0.1.1 there", "warn"),
    ],
)
def test_a_machine_whose_own_name_only_dns_knows_is_a_warning(tmp_path, monkeypatch, line, state):
    monkeypatch.setattr(checks, "HOSTS", tmp_path / "hosts")
    monkeypatch.setattr("socket.gethostname", lambda: "here")
    checks.HOSTS.write_text(f"127.0.0.1 localhost\n{line}\n")
    found = checks.own_name(load_settings())
    assert found.state == state
    assert bool(found.mend) == (state == "warn")


@pytest.mark.parametrize(
    ("host", "wanted", "state", "enabled"),
    [
        ("127.0.0.1", "true", "ok", "yes"),
        ("127.9.9.9", "true", "ok", "yes"),
        ("0.0.0.0", "true", "warn", "no"),
        ("10.1.2.3", "true", "warn", "no"),
        ("pbx.example", "true", "warn", "no"),
        ("127.0.0.1", "false", "ok", "no"),
    ],
)
def test_asterisk_tells_its_figures_on_loopback_only(monkeypatch, host, wanted, state, enabled):
    monkeypatch.setenv("L110_HTTP__HOST", host)
    monkeypatch.setenv("L110_HEALTH__ASTERISK_METRICS", wanted)
    settings = load_settings()
    assert checks.asterisk_figures(settings).state == state
    assert ("yes" if tells_figures(settings) else "no") == enabled

"""A node is armed for one number, and everything is taken back, whatever happens meanwhile."""

import os

import pytest

from config.settings import load_settings
from scripts.asterisk_home import Home
from scripts.refer_trial import armed as armed_module
from scripts.refer_trial.armed import armed, captured, one_trial
from scripts.refer_trial.errors import TrialFailed

TEST, NUMBER = "20261123T232056Z-test-00-1a2b3c4d", "13800000001"
ANSWERS = {
    "module show": "res_pjsip_logger.so  Running",
    "pjsip set logger pcap": "PJSIP logging to pcap file 'x'",
    "pjsip set logger host": "PJSIP Logging Enabled for host: x",
}


class Console:
    """Stands for Asterisk's console."""

    def __init__(self):
        self.lines = []
        self.answers = dict(ANSWERS)

    def ask(self, _home, line):
        self.lines.append(line)
        return next((said for begin, said in self.answers.items() if line.startswith(begin)), "")


@pytest.fixture
def console(monkeypatch):
    console = Console()
    monkeypatch.setattr(armed_module, "ask", console.ask)
    return console


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Where the console's program writes what the cleaner asks of it."""
    program = tmp_path / "asterisk"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$4" >> {tmp_path}/asked\n')
    program.chmod(0o700)
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path / "var"))
    found = type("Program", (), {"binary": program})
    monkeypatch.setattr(armed_module, "find_program", lambda: found)
    return tmp_path


def test_the_lines_of_one_number_are_added_and_taken_away_again(console, site):
    settings = load_settings()
    with (
        one_trial(settings) as folder,
        armed(settings, folder, NUMBER, TEST, (100, 200)) as capture,
    ):
        added = [line for line in console.lines if "add extension" in line]
        assert len(added) == 3
        assert all(f"/{NUMBER},1,Gosub(l110-doctor-gate," in line for line in added)
        assert "dialplan set global L110_DOCTOR_UNTIL 100" in console.lines
        capture.write_bytes(b"numbers of callers")
        assert not (site / "asked").exists()
    asked = (site / "asked").read_text().splitlines()
    assert asked[0] == "pjsip set logger off"
    assert sum(f"/{NUMBER}@l110-intake 1" in line for line in asked) == 3
    assert not capture.exists()


def test_all_is_taken_back_after_an_error_too(console, site):
    settings = load_settings()
    with pytest.raises(KeyboardInterrupt), one_trial(settings) as folder:  # noqa: SIM117
        with armed(settings, folder, NUMBER, TEST, (100, 200)):
            raise KeyboardInterrupt
    assert "pjsip set logger off" in (site / "asked").read_text()


def test_an_asterisk_that_writes_no_capture_is_not_tried(console, site):
    settings = load_settings()
    console.answers["pjsip set logger pcap"] = "Failed to open file for pcap writing"
    with pytest.raises(TrialFailed) as failed, one_trial(settings) as folder:  # noqa: SIM117
        with armed(settings, folder, NUMBER, TEST, (100, 200)):
            raise AssertionError
    assert (failed.value.why, "Failed to open" in failed.value.en) == ("no-capture", True)
    assert not [line for line in console.lines if "add extension" in line]


def test_the_captures_folder_is_its_owners_only(console, site):
    with one_trial(load_settings()) as folder:
        assert folder.stat().st_mode & 0o077 == 0


def test_a_second_trial_meanwhile_is_refused(console, site):
    settings = load_settings()
    with one_trial(settings), pytest.raises(TrialFailed) as failed, one_trial(settings):
        raise AssertionError
    assert failed.value.why == "busy"


def test_a_capture_that_was_never_written_is_empty(console, site):
    assert captured(load_settings(), site / "none.pcap") == b""
    assert console.lines == ["pjsip set logger off"]


def test_the_cleaner_is_a_process_group_of_its_own(console, site):
    """A Ctrl-C in the terminal must not end it."""
    cleaner = armed_module._cleaner(Home(site), site / "x.pcap", NUMBER)
    assert cleaner.stdin is not None
    group = os.getpgid(cleaner.pid)
    cleaner.stdin.close()
    cleaner.wait(10)
    assert group == cleaner.pid

"""Who tries passwords at Asterisk's manager is shut out, and told of."""

import socket
from pathlib import Path

import pytest

from scripts.asterisk_config import secret
from scripts.chaos.findings import Finding
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.waiting import wait_until
from tests.faults.watched import raised_within, stays_quiet
from tests.real_asterisk.system import Records, node_alone

pytestmark = pytest.mark.real_asterisk
QUIET = "[selftest]\nevery_s = 0\n"

GUESSER = "127.0.0.66"


def log_in(records: Records, password: str, source: str = GUESSER) -> bool:
    """Whether Asterisk's manager takes the reader's name with this password from there."""
    at = records.node.settings.ami
    with socket.create_connection((at.host, at.port), 3, (source, 0)) as line:
        login = f"Action: Login\r\nUsername: l110-reader\r\nSecret: {password}\r\n\r\n"
        line.sendall(login.encode())
        line.settimeout(3)
        said = b""
        while b"Response: " not in said or not said.endswith(b"\r\n\r\n"):
            if not (part := line.recv(4096)):
                break
            said += part
    return b"Response: Success" in said


def right_password(records: Records) -> str:
    return secret(records.node.settings.secret_path("ami-reader"))


def guess(records: Records, times: int) -> None:
    assert not any(log_in(records, f"guess-{n}") for n in range(times))


@pytest.mark.fault("16", how="five wrong passwords from one address within a minute")
def test_who_guesses_passwords_is_shut_out_and_an_alarm(tmp_path: Path, told: Finding) -> None:
    with node_alone(tmp_path, 170, settings=QUIET) as records:
        records.node.start_watch()
        before = footprint(records.node)
        assert log_in(records, right_password(records))
        guess(records, 5)
        took_s, about = raised_within(records.node, "manager-guessed", 5)
        assert about == GUESSER
        wait_until(lambda: not log_in(records, right_password(records)), "the ban", 15)
        assert log_in(records, right_password(records), "127.0.0.1")
        assert "asterisk-down" not in records.node.alarms()
        assert "manager-refused" not in records.node.alarms()
        log = (records.node.settings.log_dir / "watch.log").read_text()
        assert '"event": "manager.guessed"' in log
        told.leaks.append(wait_until_nothing_leaks(records.node, before))
    told.caller.append("no caller: only the manager's port is tried")
    told.records.append(f"alarm after {took_s:.1f} s; the right password is refused from there")
    told.records.append("logged as manager.guessed; our own clients go on")


@pytest.mark.control("16", without="the ban")
def test_control_without_the_ban_the_right_password_is_taken_after_many_wrong(
    tmp_path: Path, told: Finding
) -> None:
    settings = f"{QUIET}[health]\nban_after = 0\n"
    with node_alone(tmp_path, 171, settings=settings) as records:
        records.node.start_watch()
        guess(records, 20)
        assert stays_quiet(records.node, "manager-guessed", 3)
        assert log_in(records, right_password(records))
    told.records.append("20 wrong passwords, then the right one: taken")

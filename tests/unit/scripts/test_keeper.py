"""Who is frozen, who is not, and what was started anew: by a clock that the test moves."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from config.settings import load_settings
from scripts.keeper.console import Console, manager_answers
from scripts.keeper.inbox import Inbox
from scripts.keeper.patience import patience_s
from scripts.keeper.signs import Signs
from scripts.keeper.starts import AGAIN_AFTER_S, MANY, TOLD_FOR_S, Seen, Starts
from scripts.lab.waiting import wait_until
from scripts.sd_notify import Notifier

IVR = {"ivr": 7}


def test_who_speaks_in_time_is_never_frozen():
    signs = Signs({"ivr": 3.0})
    for second in range(100):
        signs.spoke(7, float(second))
        assert list(signs.silent(IVR, second + 0.9)) == []


def test_who_is_silent_for_longer_than_his_time_is_frozen():
    signs = Signs({"ivr": 3.0})
    signs.spoke(7, 10.0)
    assert list(signs.silent(IVR, 13.0)) == []
    assert list(signs.silent(IVR, 13.5)) == [("ivr", 7, 3.5)]


def test_a_process_that_starts_has_a_minute_for_its_first_sign():
    signs = Signs({"ivr": 3.0})
    assert list(signs.silent(IVR, 100.0)) == []
    assert list(signs.silent(IVR, 159.0)) == []
    assert [name for name, _, _ in signs.silent(IVR, 161.0)] == ["ivr"]


def test_a_new_process_does_not_inherit_the_silence_of_the_one_before():
    signs = Signs({"ivr": 3.0})
    signs.spoke(7, 10.0)
    assert list(signs.silent({"ivr": 8}, 100.0)) == []


def test_no_patience_named_means_that_nobody_is_ever_ended():
    signs = Signs({"ivr": 0.0})
    signs.spoke(7, 0.0)
    assert list(signs.silent({**IVR, "asterisk": 9}, 1e6)) == []


def test_whoever_was_late_himself_accuses_nobody():
    signs = Signs({"ivr": 3.0})
    signs.spoke(7, 10.0)
    signs.forgive(60.0)
    assert list(signs.silent(IVR, 62.0)) == []
    assert [name for name, _, _ in signs.silent(IVR, 63.5)] == ["ivr"]


def running(pid: int | None, state: str = "RUNNING") -> list[Seen]:
    return [Seen("ivr", state, pid)]


def test_a_new_pid_is_told_for_five_minutes():
    starts = Starts()
    assert starts.look(running(7), 0.0) == []
    assert starts.look(running(8), 1.0) == ["ivr"]
    assert starts.restarted() == {"ivr": "ended, 1 new start in five minutes"}
    assert starts.failing(1.0) == {}
    assert starts.look(running(8), 2.0 + TOLD_FOR_S) == []
    assert starts.restarted() == {}


def test_a_process_that_ends_again_and_again_is_told_as_failing():
    starts = Starts()
    for second in range(MANY + 1):
        starts.look(running(100 + second), float(second))
    assert list(starts.failing(MANY + 1.0)) == ["ivr"]


def test_what_the_supervisor_has_given_up_is_tried_again_for_ever():
    starts = Starts()
    tries = 0
    for second in range(1000):
        starts.look(running(None, "FATAL"), float(second))
        tries += len(starts.due(float(second)))
    assert tries == pytest.approx(1000 / AGAIN_AFTER_S, abs=2)
    assert list(starts.failing(1000.0)) == ["ivr"]


def test_what_an_operator_has_stopped_is_left_alone():
    starts = Starts()
    for second in range(1000):
        starts.look(running(None, "STOPPED"), float(second))
        assert starts.due(float(second)) == []
    assert starts.failing(1000.0) == {}


def test_the_kernel_says_who_spoke(tmp_path):
    inbox = Inbox(tmp_path / "notify.sock")
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify.sock"), "WATCHDOG_USEC": "3000000"}
    Notifier(environ).status("READY=1 is what I never said")
    assert list(inbox.spoke()) == []
    Notifier(environ).alive()
    say = "from scripts.sd_notify import Notifier; import os; Notifier(os.environ).ready()"
    child = subprocess.Popen([sys.executable, "-c", say], env={**os.environ, **environ})
    assert child.wait(20) == 0
    assert list(inbox.spoke()) == [os.getpid(), child.pid]
    inbox.close()
    Notifier(environ).alive()  # nobody hears it, and nobody minds


def test_a_console_that_answers_is_alive_and_one_that_takes_lines_only_is_not(tmp_path):
    path, answers = tmp_path / "asterisk.ctl", threading.Event()
    console = Console(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(str(path))
        door.listen(2)
        answers.set()
        threading.Thread(target=serve, args=(door, answers), daemon=True).start()
        console.start()
        wait_until(lambda: silence(console) is not None, "a word of it", 5)
        wait_until(lambda: (silence(console) or 9) < 0.5, "an answer", 5)
        answers.clear()
        wait_until(lambda: (silence(console) or 0) > 2.5, "its silence", 6)
    console.stop()
    path.unlink()
    console.join(5)


def test_a_manager_that_greets_is_a_witness_that_asterisk_lives():
    with socket.create_server(("127.0.0.1", 0)) as door:
        host, port = door.getsockname()
        assert not manager_answers(host, port, 0.2)  # the kernel takes the line, nobody greets
        greets = threading.Event()
        greets.set()
        threading.Thread(target=serve, args=(door, greets), daemon=True).start()
        assert wait_until(lambda: manager_answers(host, port, 1.0), "a greeting", 5)
    with socket.socket() as nobody:  # bound, and never listening
        nobody.bind(("127.0.0.1", 0))
        assert not manager_answers("127.0.0.1", nobody.getsockname()[1], 0.2)


def silence(console: Console) -> float | None:
    found = console.silent(time.monotonic())
    assert found is None or found[0] == os.getpid()
    return found[1] if found else None


def serve(door: socket.socket, answers: threading.Event) -> None:
    while True:
        try:
            line, _ = door.accept()
        except OSError:
            return
        with line, suppress(OSError):
            line.sendall(b"host/1/Asterisk\n")
            answers.wait()
            line.recv(100)
            line.sendall(b"Asterisk 22 built by nobody\n")


def test_the_bridge_has_the_patience_of_its_setting(monkeypatch):
    monkeypatch.setenv("L110_SUPERVISOR__BRIDGE_SILENT_S", "7")
    assert patience_s(load_settings())["ivr"] == 7

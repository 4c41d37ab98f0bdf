"""A node that waits for a test call; whatever becomes of us, it stops waiting."""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.settings import Settings
from scripts.asterisk_console import ask
from scripts.asterisk_home import Home, find_program
from scripts.refer_trial.errors import TrialFailed

CONTEXT = "l110-intake"
TAKEN = {"110": "first", "livelihood": "back", "_livelihood;l110=.": "back"}
LOGGER_OFF = "pjsip set logger off"
LOGGER = "res_pjsip_logger.so"
# Runs beside us and waits for our end, which closes its input however we end.
CLEANER = 'cat >/dev/null; program=$1 conf=$2 capture=$3; shift 3; rm -f "$capture"; '
CLEANER += 'for line do "$program" -C "$conf" -rx "$line" >/dev/null 2>&1; done'


@contextmanager
def one_trial(settings: Settings) -> Iterator[Path]:
    """A folder of its own for the capture, and nobody else tries meanwhile.

    Raises:
        TrialFailed: somebody else does.
    """
    folder = settings.var / "doctor"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # the capture holds callers' numbers
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TrialFailed(
                "busy",
                "另一次试验正在进行。",
                "Another trial of the switch is under way.",
                "Wait for its end.",
            ) from None
        yield folder


@contextmanager
def armed(
    settings: Settings, folder: Path, number: str, test_id: str, until: tuple[int, int]
) -> Iterator[Path]:
    """The next call of `number` is the test; gives the path of the capture.

    until: epoch seconds up to which it may come, and up to which it may be brought back. They hold
    in the dialplan too, where nobody has taken the lines away. All is taken back in the end, also
    if this process is killed.

    Raises:
        TrialFailed: Asterisk cannot write down what the switch says.
    """
    home, capture = Home(settings.asterisk_dir), folder / f"{test_id}.pcap"
    cleaner = _cleaner(home, capture, number)
    try:
        _capture(home, capture, settings.sip.switch_host)
        for name, value in zip(("", "_UNTIL", "_BACK_UNTIL"), (test_id, *until), strict=True):
            ask(home, f"dialplan set global L110_DOCTOR{name} {value}")
        for extension, gate in TAKEN.items():
            line = f"{extension}/{number},1,Gosub(l110-doctor-gate,{gate},1) into {CONTEXT}"
            ask(home, f"dialplan add extension {line}")
        yield capture
    finally:
        assert cleaner.stdin is not None
        cleaner.stdin.close()
        cleaner.wait()


def captured(settings: Settings, capture: Path) -> bytes:
    """What was captured. Asterisk writes the rest of it when it is told to stop."""
    ask(Home(settings.asterisk_dir), LOGGER_OFF)
    return capture.read_bytes() if capture.exists() else b""


def _capture(home: Home, capture: Path, switch_host: str) -> None:
    if LOGGER not in ask(home, f"module show like {LOGGER}"):
        ask(home, f"module load {LOGGER}")
    ask(home, "pjsip set logger verbose off")
    opened = ask(home, f"pjsip set logger pcap {capture}")
    enabled = ask(home, f"pjsip set logger host {switch_host}")
    if "to pcap file" not in opened or "Enabled" not in enabled:
        raise TrialFailed(
            "no-capture",
            "Asterisk无法记录SIP消息。",
            f"Asterisk does not write down its SIP messages: {(opened or enabled).strip()[:200]}",
            f"Does it have {LOGGER}, and may its user write into {capture.parent}?",
        )


def _cleaner(home: Home, capture: Path, number: str) -> subprocess.Popen[bytes]:
    bounds = ("L110_DOCTOR_UNTIL", "L110_DOCTOR_BACK_UNTIL")
    lines = [LOGGER_OFF, *(f"dialplan set global {name} 0" for name in bounds)]
    lines += [f"dialplan remove extension {one}/{number}@{CONTEXT} 1" for one in TAKEN]
    program = str(find_program().binary)
    command = ["/bin/sh", "-c", CLEANER, "l110-doctor", program, str(home.conf), str(capture)]
    return subprocess.Popen([*command, *lines], stdin=subprocess.PIPE, start_new_session=True)

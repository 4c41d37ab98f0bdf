"""Asks a running Asterisk on its own console."""

import subprocess

from scripts.asterisk_home import Home, find_program


def ask(home: Home, line: str, timeout_s: float = 10) -> str:
    """What the console answers; empty when nobody is there or it does not answer in time."""
    command = [str(find_program().binary), "-C", str(home.conf), "-rx", line]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s).stdout
    except subprocess.TimeoutExpired:
        return ""


def is_up(home: Home) -> bool:
    return "fully booted" in ask(home, "core waitfullybooted")


def channels(home: Home) -> list[str]:
    """Names of the channels that are up now."""
    return [row[0] for row in _channel_rows(home)]


def bridged(home: Home) -> list[str]:
    """Names of the channels that are joined with anybody now; their row ends with bridge and id."""
    return [row[0] for row in _channel_rows(home) if row[-2]]


def _channel_rows(home: Home) -> list[list[str]]:
    lines = ask(home, "core show channels concise").splitlines()
    return [line.split("!") for line in lines if "!" in line]


def largest_talk(home: Home) -> int:
    """How many channels the fullest bridge joins; a bridge is a talk."""
    lines = [line.split() for line in ask(home, "bridge show all").splitlines()]
    counts = [words[2] for words in lines if len(words) > 3]  # its heading among them
    return max((int(count) for count in counts if count.isdecimal()), default=0)


def group_count(home: Home, group: str, category: str) -> int:
    """Channels in GROUP(category)=group."""
    lines = (line.split() for line in ask(home, "group show channels").splitlines())
    return sum(words[-2:] == [group, category] for words in lines)

"""What the processes of a node hold: open files and memory, before a fault and after it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.node import Node
from scripts.lab.waiting import NeverHappened, wait_until

FILES_SPARE = 4  # a log that was opened, a connection that waits to be closed by the other side
MEMORY_SPARE_KB = 32 * 1024


@dataclass(frozen=True, slots=True)
class Held:
    """memory_kb: resident. pid: a process that was started anew is another one."""

    pid: int
    files: int
    memory_kb: int


def footprint(node: Node) -> Mapping[str, Held]:
    """By the name of the process; only those that run."""
    running = {name: process for name, process in node.processes.items() if process.running}
    return {name: _held(process.pid) for name, process in running.items()}


def wait_until_nothing_leaks(
    node: Node,
    before: Mapping[str, Held],
    *,
    timeout_s: float = 10,
    memory_spare_kb: int = MEMORY_SPARE_KB,
    standing: Collection[str] = (),
) -> str:
    """In words, what is held now. A process that was started anew is not compared.

    standing: channels of calls that go on.

    Raises:
        NeverHappened: something is still held that was not before.
    """

    def found() -> list[str]:
        return leaks(node, before, memory_spare_kb, standing)

    try:
        wait_until(lambda: not found(), "no leak", timeout_s)
    except NeverHappened:
        raise NeverHappened("; ".join(found())) from None
    now = footprint(node)
    return ", ".join(f"{name} {held.files} files" for name, held in now.items())


def leaks(
    node: Node, before: Mapping[str, Held], memory_spare_kb: int, standing: Collection[str]
) -> list[str]:
    """In words, what is held beyond what was held before."""
    found = [f"channel {name}" for name in node.channels() if name not in standing]
    for name, now in footprint(node).items():
        was = before.get(name)
        if was is None or was.pid != now.pid:
            continue
        if now.files > was.files + FILES_SPARE:
            found.append(f"{name}: {now.files} open files, {was.files} before")
        if now.memory_kb > was.memory_kb + memory_spare_kb:
            found.append(f"{name}: {now.memory_kb} kB, {was.memory_kb} before")
    return found


def _held(pid: int) -> Held:
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    status = Path(f"/proc/{pid}/status").read_text()
    memory = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return Held(pid, files, int(memory.split()[1]))

"""A process of a node with one of its protections patched out: for controls."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.asterisk_home import CHECKOUT
from scripts.lab.node import Node
from scripts.lab.process import Process

L110 = "from scripts.cli.main import l110; l110(prog_name='l110')"


def start_patched(node: Node, name: str, patch: str, runs: str = L110) -> None:
    """In the place of the node's own; `patch` is Python that runs before the process begins."""
    node.processes[name].stop()
    node.processes[name] = Process(
        [sys.executable, "-c", f"{patch}\n{runs}", "--config", str(node.config), name],
        node.settings.var / "log" / f"{name}.log",
        {"PYTHONPATH": str(CHECKOUT)},
    )


@contextmanager
def patched(node: Node, name: str, patch: str) -> Iterator[None]:
    """The same, until it serves and for as long as it is wanted; then the node's own is back."""
    start_patched(node, name, patch)
    try:
        node.wait_for(name)
        yield
    finally:
        node.restart(name)

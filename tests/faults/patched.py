"""A process of a node with one of its protections patched out: for controls."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.asterisk_home import CHECKOUT
from scripts.lab.node import Node
from scripts.lab.process import Process

L110 = "from scripts.cli.main import l110; l110(prog_name='l110')"


@contextmanager
def patched(node: Node, name: str, patch: str) -> Iterator[None]:
    """`patch` is Python that the process runs before it begins; after it the node's own is back."""
    node.processes[name].stop()
    node.processes[name] = Process(
        [sys.executable, "-c", f"{patch}\n{L110}", "--config", str(node.config), name],
        node.settings.var / "log" / f"{name}.log",
        {"PYTHONPATH": str(CHECKOUT)},
    )
    try:
        node.wait_for(name)
        yield
    finally:
        node.restart(name)

"""A process of a node as Python that has one protection less, in the place of the node's own."""

import sys

from scripts.asterisk_home import CHECKOUT
from scripts.lab.node import Node
from scripts.lab.process import Process

L110 = "from scripts.cli.main import l110; l110(prog_name='l110')"


def patched(node: Node, name: str, patch: str) -> None:
    """Stop one and start it anew with `patch` run first."""
    node.processes[name].stop()
    node.processes[name] = Process(
        [sys.executable, "-c", f"{patch}\n{L110}", "--config", str(node.config), name],
        node.settings.var / "log" / f"{name}.log",
        {"PYTHONPATH": str(CHECKOUT)},
    )

"""`l110 asterisk`: this node's Asterisk in the foreground, under the pid that was started."""

import os
from typing import NoReturn

from config.settings import Settings
from scripts.asterisk_config import render
from scripts.asterisk_home import find_program


def become(settings: Settings) -> NoReturn:
    """Raises AsteriskMissing: there is none that could be started."""
    home, binary = render(settings), str(find_program().binary)
    os.execv(binary, [binary, "-f", "-n", "-C", str(home.conf)])

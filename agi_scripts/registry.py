from collections.abc import Mapping
from functools import partial

from agi_scripts.intake import intake
from agi_scripts.selftest import selftest
from agi_scripts.services import Services
from ivr.server import Script

SCRIPTS = {"intake": intake, "selftest": selftest}


def scripts(services: Services) -> Mapping[str, Script]:
    """Every script that the dialplan may name, ready to serve."""
    return {name: partial(script, services) for name, script in SCRIPTS.items()}

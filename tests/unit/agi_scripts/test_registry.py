from datetime import UTC, datetime

from agi_scripts.registry import SCRIPTS, scripts
from agi_scripts.services import Services
from routing.rules import RuleSet
from routing.steps import Step


class NoJournal:
    def write(self, step: Step) -> None: ...


def no_rules() -> RuleSet:
    raise LookupError


def test_every_listed_script_can_be_served() -> None:
    services = Services(
        no_rules, NoJournal(), lambda: datetime.now(UTC), lambda: 0.0, lambda *_: 1.0, "n1"
    )
    served = scripts(services)
    assert set(served) == set(SCRIPTS) == {"intake", "selftest"}
    assert all(map(callable, served.values()))

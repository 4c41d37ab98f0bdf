import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agi_scripts.services import JournalSink, Services
from routing.rules import RuleSet, parse_rules
from routing.steps import Step

RULES = Path(__file__).parents[2] / "config" / "rules.toml"


@dataclass
class ListJournal:
    steps: list[Step] = field(default_factory=list)

    def write(self, step: Step) -> None:
        self.steps.append(step)

    @property
    def kinds(self) -> list[str]:
        return [step.kind.value for step in self.steps]


@pytest.fixture
def journal() -> ListJournal:
    return ListJournal()


@pytest.fixture
def menu_on() -> RuleSet:
    return parse_rules(RULES.read_bytes(), "rules.toml")


@pytest.fixture
def menu_off(menu_on: RuleSet) -> RuleSet:
    text = menu_on.text.replace("enabled = true", "enabled = false", 1)
    return parse_rules(text, "rules.toml")


@pytest.fixture
def services(journal: ListJournal, menu_on: RuleSet) -> Callable[..., Services]:
    def make(
        rules: Callable[[], RuleSet] = lambda: menu_on, sink: JournalSink = journal
    ) -> Services:
        return Services(
            rules=rules,
            journal=sink,
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
            prompt_length_s=lambda language, name: {"zh": 5.4, "en": 5.0}[language],
            node="n1",
        )

    return make

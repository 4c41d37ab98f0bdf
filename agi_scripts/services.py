from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from routing.model import Verdict
from routing.rules import RuleSet
from routing.steps import Step


class JournalSink(Protocol):
    def write(self, step: Step) -> None:
        """Take the step and return at once; the disk is somebody else's wait."""


@dataclass(frozen=True, slots=True)
class Services:
    """All that a script may use besides its channel.

    rules: the rule set that is live now.
    now: aware, UTC. monotonic: seconds, for durations only.
    prompt_length_s: seconds that a prompt takes in a language, by (language, name).
    decided: told of each verdict, with the seconds that it took; it must return at once.
    """

    rules: Callable[[], RuleSet]
    journal: JournalSink
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    prompt_length_s: Callable[[str, str], float]
    node: str
    decided: Callable[[Verdict, float], None] = lambda verdict, took_s: None

"""The rules that are live: read at the start, and again whenever their file changes."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from routing.rules import RuleSet, RuleSetRejected, parse_rules
from routing.steps import Step, StepKind

log = structlog.get_logger(__name__)

# What is left when no rules were ever good: nobody is asked anything, everybody reaches the police.
POLICE_ONLY = '[menu]\nenabled = false\n\n[default]\ntarget = "police"\n'


class LiveRules:
    """Holds the last good rules. A bad file changes nothing but the log.

    last_good: where a copy of the last good file is kept, for a restart beside a bad one.
    on_new: told of each rule set when it goes live.
    """

    def __init__(self, path: Path, last_good: Path, on_new: Callable[[RuleSet], None]) -> None:
        self.path = path
        self.last_good = last_good
        self.on_new = on_new
        self._seen: tuple[int, int] | None = None
        self._refused = False
        self.current = self._none = parse_rules(POLICE_ONLY, "built in")
        if not self.refresh():
            self._fall_back()

    def __call__(self) -> RuleSet:
        return self.current

    @property
    def state(self) -> str:
        """good, last-good (the file is refused or cannot be read), or none that ever was good."""
        if self.current is self._none:
            return "none"
        return "last-good" if self._refused else "good"

    def refresh(self) -> bool:
        """Read the file if it changed. False: it could not be read or was refused."""
        try:
            stat = self.path.stat()
            if self._seen == (stat.st_mtime_ns, stat.st_ino):
                return True
            self._seen = (stat.st_mtime_ns, stat.st_ino)
            content = self.path.read_bytes()
            rules = parse_rules(content, str(self.path))
        except RuleSetRejected as error:
            self._refused = True
            problems = [str(problem) for problem in error.problems]
            log.error("rules.rejected", problems=problems, still=self.current.version)
            return False
        except OSError as error:
            self._refused = True
            log.error("rules.unreadable", error=str(error), still=self.current.version)
            return False
        self._refused = False
        self._go_live(rules)
        self._keep(content)
        return True

    def _go_live(self, rules: RuleSet) -> None:
        if rules.version != self.current.version:
            self.current = rules
            log.info("rules.loaded", version=rules.version, menu=rules.menu.enabled)
            self.on_new(rules)

    def _keep(self, content: bytes) -> None:
        try:
            self.last_good.write_bytes(content)
        except OSError as error:
            log.error("rules.copy_unkept", error=str(error))

    def _fall_back(self) -> None:
        try:
            self._go_live(parse_rules(self.last_good.read_bytes(), str(self.last_good)))
        except (OSError, RuleSetRejected):
            log.error("rules.none_good", effect="every call goes straight to the police")


def rules_step(node: str, rules: RuleSet) -> Step:
    """The record that these rules went live: with its text any decision can be replayed."""
    data = {"version": rules.version, "text": rules.text}
    event_id = f"{node}/rules/{rules.version}"
    return Step(event_id, StepKind.RULES, node, "", None, datetime.now(UTC), data)

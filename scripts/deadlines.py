"""The file of deadlines as the settings name it."""

from config.settings import Settings
from tickets.deadline_rules import DeadlineRules, parse_deadlines


def deadline_rules(settings: Settings) -> DeadlineRules:
    """Raises:
    OSError: there is no such file.
    DeadlineRulesRejected: it may not go live.
    """
    path = settings.deadlines_path
    return parse_deadlines(path.read_bytes(), str(path))

"""The worker's part in deadlines: notices each minute, provisional deadlines each hour."""

from db.deadlines import recompute_provisional
from db.supervision import PassOn, make_notices
from dispatch.jobs import Run
from tickets.deadline_rules import DeadlineRules


def notices(rules: DeadlineRules, pass_on: PassOn | None = None) -> Run:
    """How many were made. pass_on: sends them on their way, in the same transaction."""
    return lambda engine, now: make_notices(engine, now, rules, pass_on)


def provisional_deadlines(rules: DeadlineRules) -> Run:
    """How many moved or became final."""
    return lambda engine, now: len(recompute_provisional(engine, now, rules))

"""Call-backs as the settings say: when, how often, and through which Asterisk."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from config.settings import Settings
from dispatch.call_backs import Plan, run_call_backs
from dispatch.jobs import Run
from ivr.call_back import Placer
from tickets.call_backs import Ladder, Outcome, hours_from


def plan_of(settings: Settings) -> Plan:
    """Raises HoursBad."""
    own = settings.call_backs
    pauses = {
        Outcome.BUSY: own.after_busy_s,
        Outcome.NO_ANSWER: own.after_no_answer_s,
        Outcome.HUNG_UP: own.after_hung_up_s,
        Outcome.NO_KEY: own.after_hung_up_s,
        Outcome.FAILED: own.after_failed_s,
    }
    ladder = Ladder(
        own.attempts, own.failures, {out: timedelta(seconds=s) for out, s in pauses.items()}
    )
    lost_after = timedelta(seconds=own.lost_after_s)
    return Plan(hours_from(own.hours), ladder, own.at_once, lost_after)


def placer_of(settings: Settings) -> Placer:
    path = settings.secret_path("ami-actor")
    return Placer(
        settings.ami.host,
        settings.ami.port,
        lambda: path.read_text().strip(),
        settings.call_backs.ring_s,
    )


def call_back_due(settings: Settings) -> Run:
    """One round, as a job: how many tickets came to anything. Bad hours fail this job alone."""
    place = placer_of(settings)

    def run(engine: Engine, now: datetime) -> int:
        done = run_call_backs(engine, place, now, plan_of(settings))
        return sum(count for count in done.as_dict().values() if not isinstance(count, bool))

    return run

"""Steps into the store: one transaction from the step to the ticket, whatever comes twice."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from db.call_backs import store_call_backs
from db.calls import store_stories
from db.rule_sets import store_rule_sets
from db.steps import insert_steps
from db.stories import retell
from db.tickets import open_tickets
from routing.steps import Step


def apply_steps(session: Session, steps: Sequence[Step]) -> None:
    """Store steps, and tell anew every call and leg that they touch.

    Any batch may come twice, in any split and any order: the rows end up the same (but for
    the order in which tickets were numbered). The caller owns the transaction.
    """
    if not steps:
        return
    insert_steps(session, steps)
    store_rule_sets(session, steps)
    store_call_backs(session, steps)
    stories = retell(session, steps)
    store_stories(session, stories)
    open_tickets(session, stories)

"""Every rule set that a decision was ever made by, so that each can be replayed."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from db.models import RuleSetRow
from db.upserts import insert_into
from routing.steps import Step, StepKind


def store_rule_sets(session: Session, steps: Iterable[Step]) -> None:
    """The earliest loading is kept, in whatever order the nodes report."""
    rows = [
        {
            "version": str(step.data["version"]),
            "text": str(step.data.get("text", "")),
            "first_loaded_at": step.at,
        }
        for step in steps
        if step.kind is StepKind.RULES and step.data.get("version")
    ]
    if not rows:
        return
    insert = insert_into(session, RuleSetRow)
    earlier = insert.excluded["first_loaded_at"]
    statement = insert.on_conflict_do_update(
        index_elements=["version"],
        set_={"first_loaded_at": earlier},
        where=RuleSetRow.first_loaded_at > earlier,
    )
    session.connection().execute(statement, rows)

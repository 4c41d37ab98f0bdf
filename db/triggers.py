"""Guarantees that the database itself keeps, whoever writes to it."""

from sqlalchemy import Connection, text

from db import audit_triggers, kept_rows, ticket_triggers

MESSAGE = "call_steps is append-only"

NAMES = {
    "sqlite": {"call_steps_no_update", "call_steps_no_delete"},
    "postgresql": {"call_steps_no_update", "call_steps_no_delete", "call_steps_no_truncate"},
}
SINCE = {
    "0001": NAMES,
    "0004": ticket_triggers.NAMES,
    "0005": audit_triggers.NAMES,
    "0009": kept_rows.NAMES,
}


def expected(dialect: str, revision: str) -> set[str]:
    """The triggers that every migration up to this one leaves behind, exactly.

    SQLite's batch mode copies a table and drops its triggers without a word, so a test compares
    them after each migration.
    """
    return set().union(*(names[dialect] for since, names in SINCE.items() if since <= revision))


_SQLITE = [
    f"CREATE TRIGGER call_steps_no_{verb.lower()} BEFORE {verb} ON call_steps"
    f" BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    for verb in ("UPDATE", "DELETE")
]
_POSTGRESQL = [
    "CREATE FUNCTION l110_refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$",
    *(
        f"CREATE TRIGGER call_steps_no_{verb.lower()} BEFORE {verb} ON call_steps"
        " FOR EACH STATEMENT EXECUTE FUNCTION l110_refuse_change()"
        for verb in ("UPDATE", "DELETE", "TRUNCATE")
    ),
]


def create_triggers(connection: Connection) -> None:
    """For migrations: the first one, and each that rebuilds `call_steps`."""
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.execute(text(statement))


def triggers(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
    return set(connection.execute(text(query)).scalars())

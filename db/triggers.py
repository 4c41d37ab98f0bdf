"""Guarantees that the database itself keeps, whoever writes to it."""

from sqlalchemy import Connection, text

MESSAGE = "call_steps is append-only"

# Every migration leaves exactly these behind. SQLite's batch mode copies a table and drops its
# triggers without a word, so a test compares them after each one.
EXPECTED = {
    "sqlite": {"call_steps_no_update", "call_steps_no_delete"},
    "postgresql": {"call_steps_no_update", "call_steps_no_delete", "call_steps_no_truncate"},
}

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

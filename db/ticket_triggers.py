"""What the store itself keeps of a ticket: its history, and that nobody closes it unasked.

A change has to say who made it and why: `version` goes up by one and `move`, `changed_by` and
`changed_at` stand beside it. Only the forwarder follows a call that nobody has touched yet without
that (version 1), as a release before this one does.
"""

from sqlalchemy import Connection, text

from tickets.model import Exempt

NO_CALL_BACK = "a ticket is not closed without a recorded call-back"
STALE = "a change of a ticket says its version"
KEPT = "the history of tickets is append-only"
ENDED = "an attempt to call back is not changed once it has ended"

TOUCHED = "NOT (OLD.version = 1 AND NEW.version = 1 AND OLD.move = 'open' AND NEW.move = 'open')"
STALE_WHEN = f"{TOUCHED} AND NEW.version <> OLD.version + 1"
EXEMPT = ", ".join(f"'{each.value}'" for each in Exempt)
CLOSED_WHEN = f"""NEW.state = 'closed'
    AND (NEW.close_exempt IS NULL OR NEW.close_exempt NOT IN ({EXEMPT}))
    AND NOT EXISTS (
        SELECT 1 FROM call_backs WHERE call_backs.ticket_id = NEW.id AND outcome IS NOT NULL
            AND ended_at IS NOT NULL AND (NEW.solved_at IS NULL OR ended_at >= NEW.solved_at)
    )"""
# What stands in columns of ticket_events beside the record, or cannot change.
BESIDE = {"id", "version", "move", "changed_by", "changed_at", "because", "state"}
COLUMNS = "ticket_id, version, move, from_state, to_state, by, at, because, record"
VALUES = "NEW.id, NEW.version, NEW.move, {old}, NEW.state, NEW.changed_by, NEW.changed_at"

TABLES = ("ticket_events", "call_backs", "tickets")
NAMES = {
    "sqlite": {
        "tickets_written",
        "tickets_changed",
        "tickets_says_version",
        "tickets_close_insert",
        "tickets_close_update",
        "ticket_events_no_update",
        "ticket_events_no_delete",
        "call_backs_no_delete",
        "call_backs_ended",
    },
    "postgresql": {
        "tickets_written",
        "tickets_changed",
        "tickets_says_version",
        "tickets_close",
        "ticket_events_no_update",
        "ticket_events_no_delete",
        "ticket_events_no_truncate",
        "call_backs_no_delete",
        "call_backs_no_truncate",
        "call_backs_ended",
    },
}


def create_ticket_triggers(connection: Connection, columns: list[str]) -> None:
    """For migrations: the first that has them, and each that rebuilds or widens `tickets`.

    columns: of `tickets`, as they are after that migration.
    """
    drop_ticket_triggers(connection)
    kept = [name for name in columns if name not in BESIDE]
    statements = _sqlite(kept) if connection.dialect.name == "sqlite" else _postgresql()
    for statement in statements:
        connection.exec_driver_sql(statement)


def drop_ticket_triggers(connection: Connection) -> None:
    """Only what is there: a migration may come before or after a table was rebuilt."""
    for name in sorted(NAMES[connection.dialect.name]):
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            table = next(
                t for t in ("ticket_events", "call_backs", "tickets") if name.startswith(t)
            )
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON {table}"))


def _sqlite(columns: list[str]) -> list[str]:
    record = "json_object(" + ", ".join(f"'{name}', NEW.{name}" for name in columns) + ")"
    write = f"INSERT INTO ticket_events ({COLUMNS}) VALUES ({VALUES}, NEW.because, {record});"

    def refuse(name: str, when: str, on: str, message: str) -> str:
        condition = f" WHEN {when}" if when else ""
        return f"CREATE TRIGGER {name} {on}{condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"

    return [
        "CREATE TRIGGER tickets_written AFTER INSERT ON tickets"
        f" BEGIN {write.format(old='NULL')} END",
        "CREATE TRIGGER tickets_changed AFTER UPDATE ON tickets"
        f" BEGIN {write.format(old='OLD.state')} END",
        refuse("tickets_says_version", STALE_WHEN, "BEFORE UPDATE ON tickets", STALE),
        refuse("tickets_close_insert", CLOSED_WHEN, "BEFORE INSERT ON tickets", NO_CALL_BACK),
        refuse("tickets_close_update", CLOSED_WHEN, "BEFORE UPDATE ON tickets", NO_CALL_BACK),
        refuse("ticket_events_no_update", "", "BEFORE UPDATE ON ticket_events", KEPT),
        refuse("ticket_events_no_delete", "", "BEFORE DELETE ON ticket_events", KEPT),
        refuse("call_backs_no_delete", "", "BEFORE DELETE ON call_backs", ENDED),
        refuse("call_backs_ended", "OLD.outcome IS NOT NULL", "BEFORE UPDATE ON call_backs", ENDED),
    ]


def _postgresql() -> list[str]:
    beside = ", ".join(f"'{name}'" for name in sorted(BESIDE))
    record = f"(to_jsonb(NEW) - ARRAY[{beside}])::json"

    def function(name: str, body: str) -> str:
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {body} END $$"
        )

    def write(old: str) -> str:
        values = VALUES.format(old=old)
        return (
            f"INSERT INTO ticket_events ({COLUMNS}) VALUES ({values}, NEW.because, {record});"
            " RETURN NULL;"
        )

    def refuse(message: str) -> str:
        return f"RAISE EXCEPTION '{message}';"

    each = "FOR EACH ROW"
    return [
        function("l110_ticket_written", write("NULL")),
        function("l110_ticket_changed", write("OLD.state")),
        function("l110_ticket_version", f"{refuse(STALE)}"),
        function(
            "l110_ticket_close", f"IF {CLOSED_WHEN} THEN {refuse(NO_CALL_BACK)} END IF; RETURN NEW;"
        ),
        function("l110_ticket_kept", refuse(KEPT)),
        function("l110_call_back_ended", refuse(ENDED)),
        f"CREATE TRIGGER tickets_written AFTER INSERT ON tickets {each}"
        " EXECUTE FUNCTION l110_ticket_written()",
        f"CREATE TRIGGER tickets_changed AFTER UPDATE ON tickets {each}"
        " EXECUTE FUNCTION l110_ticket_changed()",
        f"CREATE TRIGGER tickets_says_version BEFORE UPDATE ON tickets {each}"
        f" WHEN ({STALE_WHEN}) EXECUTE FUNCTION l110_ticket_version()",
        f"CREATE TRIGGER tickets_close BEFORE INSERT OR UPDATE ON tickets {each}"
        " WHEN (NEW.state = 'closed') EXECUTE FUNCTION l110_ticket_close()",
        *(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            for table, name, verbs in (
                ("ticket_events", "l110_ticket_kept", ("UPDATE", "DELETE", "TRUNCATE")),
                ("call_backs", "l110_call_back_ended", ("DELETE", "TRUNCATE")),
            )
            for verb in verbs
        ),
        f"CREATE TRIGGER call_backs_ended BEFORE UPDATE ON call_backs {each}"
        " WHEN (OLD.outcome IS NOT NULL) EXECUTE FUNCTION l110_call_back_ended()",
    ]

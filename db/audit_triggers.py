"""The store refuses to change or to forget what was audited, whoever asks."""

from sqlalchemy import Connection, text

KEPT = "audit_log is append-only"
VERBS = {"sqlite": ("UPDATE", "DELETE"), "postgresql": ("UPDATE", "DELETE", "TRUNCATE")}
NAMES = {
    dialect: {f"audit_log_no_{verb.lower()}" for verb in verbs} for dialect, verbs in VERBS.items()
}


def create_audit_triggers(connection: Connection) -> None:
    """For migrations: the first one that has the table, and each that rebuilds it."""
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION l110_audit_kept() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN RAISE EXCEPTION '{KEPT}'; END $$"
            )
        )
    does = (
        f"BEGIN SELECT RAISE(ABORT, '{KEPT}'); END"
        if sqlite
        else "FOR EACH STATEMENT EXECUTE FUNCTION l110_audit_kept()"
    )
    for verb in VERBS[connection.dialect.name]:
        name = f"audit_log_no_{verb.lower()}"
        connection.execute(text(f"CREATE TRIGGER {name} BEFORE {verb} ON audit_log {does}"))


def drop_audit_triggers(connection: Connection) -> None:
    """For who rebuilds the table, and for tests that show what the triggers are for."""
    on = "" if connection.dialect.name == "sqlite" else " ON audit_log"
    for name in sorted(NAMES[connection.dialect.name]):
        connection.execute(text(f"DROP TRIGGER IF EXISTS {name}{on}"))

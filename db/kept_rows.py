"""Rows that tickets name, so that the store lets nobody change them: matters, articles' texts."""

from sqlalchemy import Connection

TABLES = ("article_versions", "matters")
KEPT = "is append-only: give it a new version"
NAMES = {
    "sqlite": {f"{table}_no_{verb}" for table in TABLES for verb in ("update", "delete")},
    "postgresql": {
        f"{table}_no_{verb}" for table in TABLES for verb in ("update", "delete", "truncate")
    },
}
_FUNCTION = (
    "CREATE OR REPLACE FUNCTION l110_kept_rows() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' {KEPT}'; END $$"
)


def create_kept_triggers(connection: Connection) -> None:
    """For migrations: the one that makes these tables, and each that rebuilds one."""
    for statement in _sqlite() if connection.dialect.name == "sqlite" else _postgresql():
        connection.exec_driver_sql(statement)


def drop_kept_triggers(connection: Connection) -> None:
    for name in sorted(NAMES[connection.dialect.name]):
        table = next(each for each in TABLES if name.startswith(each))
        on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{on}")


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table} {KEPT}'); END"
        for table in TABLES
        for verb in ("UPDATE", "DELETE")
    ]


def _postgresql() -> list[str]:
    return [
        _FUNCTION,
        *(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION l110_kept_rows()"
            for table in TABLES
            for verb in ("UPDATE", "DELETE", "TRUNCATE")
        ),
    ]

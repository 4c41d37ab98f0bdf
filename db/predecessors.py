"""Ends what a client that is gone has left open in PostgreSQL.

A forwarder that was killed in the middle of a pipeline leaves a session that waits for its client
(ClientRead) in the middle of a command. No timeout of the server's counts there: statement_timeout
ignores a session that reads, idle_in_transaction_session_timeout wants one that is between two
commands. Behind a relay the line stays up; it would hold its locks for ever, and its successor
would wait for them.
"""

from sqlalchemy import Engine, text

# The name says whose sessions they are: there is one forwarder on a node.
END = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = current_setting('application_name') AND application_name <> ''"
    " AND usename = current_user AND datname = current_database()"
    " AND pid <> pg_backend_pid()"
)


def end_predecessors(engine: Engine) -> int:
    """How many sessions of this engine's name, on whatever line, were ended.

    Also this process's own: call it where nothing of it is in the middle of something.

    Raises:
        SQLAlchemyError: the store is away.
    """
    if engine.dialect.name != "postgresql" or not engine.url.query.get("application_name"):
        return 0
    engine.dispose()
    with engine.begin() as connection:
        return int(connection.execute(END).scalar_one())

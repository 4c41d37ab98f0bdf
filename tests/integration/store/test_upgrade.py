"""Migrations run on both stores, and leave the guarantees where they were."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from db.engine import make_engine, store_name, writing
from db.models import Base
from db.triggers import expected, triggers
from db.upgrade import UpgradeBlocked, current, newest, revisions, upgrade


def test_every_migration_leaves_exactly_the_expected_triggers(empty_store: Engine) -> None:
    for revision in revisions():
        upgrade(empty_store, revision)
        with empty_store.connect() as connection:
            assert triggers(connection) == expected(empty_store.dialect.name, revision)


def test_the_migrations_make_what_the_models_say(store: Engine) -> None:
    with store.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_an_upgrade_can_be_run_again(store: Engine) -> None:
    assert upgrade(store) == newest() == current(store)


def test_an_empty_store_has_no_revision(empty_store: Engine) -> None:
    assert current(empty_store) is None


def test_a_migration_that_meets_a_lock_gives_up_and_changes_nothing(
    empty_store: Engine,
) -> None:
    with writing(empty_store) as session:
        if empty_store.dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(110110110)"))
        with pytest.raises(UpgradeBlocked, match="was not upgraded"):
            upgrade(empty_store, lock_timeout_s=0.1)
    assert inspect(empty_store).get_table_names() == []


def test_a_password_is_never_in_a_stores_name() -> None:
    engine = make_engine("postgresql://l110:s3cret@127.0.0.1:1/l110")
    assert "s3cret" not in store_name(engine) + repr(engine)

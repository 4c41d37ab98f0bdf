"""Calls, their legs and steps, tickets, rule sets, and how far each feed is stored."""

import sqlalchemy as sa
from alembic import op

from db.triggers import create_triggers
from db.types import BigId, UtcDateTime

revision: str = "0001"
down_revision: str | None = None


def upgrade() -> None:
    _call_steps()
    _call_legs()
    _calls()
    _tickets()
    _ticket_counters()
    _rule_sets()
    _feed_positions()
    _quarantine()
    create_triggers(op.get_bind())


def _call_steps() -> None:
    op.create_table(
        "call_steps",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_call_steps")),
    )
    op.create_index(
        op.f("ix_call_steps_boots"),
        "call_steps",
        ["node", "at"],
        sqlite_where=sa.text("kind = 'boot'"),
        postgresql_where=sa.text("kind = 'boot'"),
    )
    op.create_index(op.f("ix_call_steps_call_id"), "call_steps", ["call_id"])
    op.create_index(op.f("ix_call_steps_node_leg"), "call_steps", ["node", "leg"])


def _call_legs() -> None:
    op.create_table(
        "call_legs",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("uniqueid", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("sip_call_id", sa.Text(), nullable=True),
        sa.Column("trunk", sa.Text(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("end_cause", sa.Text(), nullable=True),
        sa.Column("line_held_ms", sa.BigInteger(), nullable=True),
        sa.Column("intake_seen", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("node", "uniqueid", name=op.f("pk_call_legs")),
    )
    op.create_index(op.f("ix_call_legs_call_id"), "call_legs", ["call_id"])
    op.create_index(op.f("ix_call_legs_node_ended_at"), "call_legs", ["node", "ended_at"])
    op.create_index(op.f("ix_call_legs_sip_call_id"), "call_legs", ["sip_call_id"])
    op.create_index(op.f("ix_call_legs_started_at"), "call_legs", ["started_at"])


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("caller", sa.Text(), nullable=True),
        sa.Column("caller_raw_hex", sa.Text(), nullable=True),
        sa.Column("caller_name", sa.Text(), nullable=True),
        sa.Column("withheld", sa.Boolean(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("rules_version", sa.Text(), nullable=True),
        sa.Column("marks", sa.Text(), nullable=True),
        sa.Column("release_mode", sa.Text(), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("release_ms", sa.BigInteger(), nullable=True),
        sa.Column("slot_held_ms", sa.BigInteger(), nullable=True),
        sa.Column("trunk_held_ms", sa.BigInteger(), nullable=True),
        sa.Column("service_class", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column("seat_answered_at", UtcDateTime(), nullable=True),
        sa.Column("wait_ms", sa.BigInteger(), nullable=True),
        sa.Column("talk_ms", sa.BigInteger(), nullable=True),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("end_cause", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("bridge", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_calls")),
    )
    op.create_index(op.f("ix_calls_caller"), "calls", ["caller"])
    op.create_index(op.f("ix_calls_outcome_started_at"), "calls", ["outcome", "started_at"])
    op.create_index(op.f("ix_calls_started_at"), "calls", ["started_at"])


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("provisional_number", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("service_class", sa.Text(), nullable=True),
        sa.Column("caller", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("release_ms", sa.BigInteger(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("call_id", name=op.f("uq_tickets_call_id")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
        sa.UniqueConstraint("provisional_number", name=op.f("uq_tickets_provisional_number")),
    )
    op.create_index(op.f("ix_tickets_state_opened_at"), "tickets", ["state", "opened_at"])


def _ticket_counters() -> None:
    op.create_table(
        "ticket_counters",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ticket_counters")),
    )


def _rule_sets() -> None:
    op.create_table(
        "rule_sets",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_loaded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rule_sets")),
    )


def _feed_positions() -> None:
    op.create_table(
        "feed_positions",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_feed_positions")),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", BigId, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("raw_hex", sa.Text(), nullable=False),
        sa.Column("raw_hash", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint(
            "feed", "offset", "raw_hash", name=op.f("uq_quarantine_feed_offset_raw_hash")
        ),
    )

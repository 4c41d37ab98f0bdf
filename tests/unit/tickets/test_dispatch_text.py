"""What a unit is told: enough to work, nothing of the caller."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tickets.contacts import Way
from tickets.dispatch_text import body_of, subject_of, with_answer_link


@dataclass
class Ticket:
    number: str | None = "20261123-000042"
    provisional_number: str = "P-1"
    unit: str | None = "water"
    title: str | None = "水管爆裂"
    request: str | None = "门口水管爆裂\n无人处理"
    matter: str | None = "0101"
    urgency: str = "normal"
    place: str | None = "八一路 1 号"
    area: str | None = None
    sealed: bool = False
    due_at: datetime | None = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


def test_the_text_has_number_end_place_and_request():
    text = body_of(Ticket(), Way.EMAIL, "k", 5)
    assert "工单编号：20261123-000042" in text
    assert "2026-11-24 09:30（北京时间）" in text
    assert "门口水管爆裂\n无人处理" in text
    assert "八一路 1 号" in text


def test_a_sealed_ticket_tells_its_number_and_its_end_only():
    sealed = replace(Ticket(), sealed=True, title="家暴", request="秘密", place="某处")
    for way in (Way.EMAIL, Way.WEBHOOK, Way.INBOX):
        told = subject_of(sealed) + body_of(sealed, way, "k", 5)
        assert "20261123-000042" in told
        assert not [word for word in ("家暴", "秘密", "某处") if word in told]


def test_a_webhook_gets_json_with_the_link_beside_the_ticket():
    body = with_answer_link(
        Way.WEBHOOK, body_of(Ticket(), Way.WEBHOOK, "k", 5), "https://x/answer/t"
    )
    told = json.loads(body)
    assert (told["event"], told["key"], told["answer_url"]) == (
        "dispatched",
        "k",
        "https://x/answer/t",
    )
    assert told["ticket"]["request"] == "门口水管爆裂\n无人处理"


def test_a_mail_gets_the_link_as_a_line_of_its_own():
    text = with_answer_link(Way.EMAIL, body_of(Ticket(), Way.EMAIL, "k", 5), "https://x/answer/t")
    assert "https://x/answer/t" in text.splitlines()


@given(st.text(max_size=300), st.sampled_from(["normal", "urgent", "emergency"]))
def test_no_title_puts_a_second_line_into_a_subject(title, urgency):
    subject = subject_of(replace(Ticket(), title=title, urgency=urgency))
    assert len(subject.splitlines()) == 1
    assert subject.isprintable()

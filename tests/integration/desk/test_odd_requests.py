"""Whatever JSON a signed-in person sends: it is done, or refused by name; never a fault of ours."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.app import create_app
from desk.context import Desk
from tests.integration.desk.people import Site, serving
from tickets.fields import OF_MOVE
from tickets.lifecycle import MOVES

TEXT = st.text(max_size=30)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
SCALAR = st.none() | st.booleans() | st.integers() | FINITE | TEXT
VALUE = SCALAR | st.lists(SCALAR, max_size=3) | st.dictionaries(TEXT, SCALAR, max_size=3)
FIELDS = st.sampled_from(sorted(set().union(*OF_MOVE.values()))) | TEXT
GIVEN = st.dictionaries(FIELDS, VALUE, max_size=4) | VALUE
MOVE = st.fixed_dictionaries(
    {"move": st.sampled_from(sorted(MOVES)) | VALUE},
    optional={"version": st.integers(1, 3) | VALUE, "given": GIVEN, "because": TEXT | VALUE},
)
NEW = st.fixed_dictionaries(
    {},
    optional={
        "source": st.sampled_from(["counter", "web", "moon"]) | VALUE,
        "service_class": st.sampled_from(["complaint", "x"]) | VALUE,
        "caller": st.from_regex(r"\+?[0-9]{1,22}", fullmatch=True) | VALUE,
        "given": GIVEN,
    },
)
QUERY = st.dictionaries(
    st.sampled_from(["state", "unit", "caller", "text", "after", "limit"]), TEXT, max_size=3
)
many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def odd_site(desk: Desk) -> Iterator[Site]:
    with serving(create_app(desk)) as url, Site(desk, url) as site:
        yield site


@many
@given(body=NEW | VALUE)
def test_an_odd_new_ticket_is_opened_or_refused(odd_site: Site, body: object) -> None:
    answer = odd_site.browser("wang").post("/tickets", body)
    assert answer.status_code in (201, 400, 422), answer.text


@many
@given(body=MOVE | VALUE)
def test_an_odd_move_is_made_or_refused(odd_site: Site, body: object) -> None:
    wang = odd_site.browser("wang")
    if not (made := wang.get("/tickets").json()["items"]):
        made = [wang.post("/tickets", {"caller": "13800000001"}).json()]
    answer = wang.post(f"/tickets/{made[0]['number']}/moves", body)
    assert answer.status_code in (200, 400, 403, 409, 422), answer.text


@many
@given(query=QUERY, number=st.text(min_size=1, max_size=90))
def test_an_odd_question_is_answered_or_refused(
    odd_site: Site, query: dict[str, str], number: str
) -> None:
    wang = odd_site.browser("wang")
    query = {name: text.encode("utf-8", "replace").decode() for name, text in query.items()}
    assert wang.get("/tickets", **query).status_code in (200, 400, 422)
    shown = wang.http.get(f"/api/v1/tickets/{quote(number)}")
    assert shown.status_code in (200, 307, 400, 404, 405, 422), shown.text


def quote(text: str) -> str:
    from urllib.parse import quote as quoted

    return quoted(text.encode("utf-8", "replace"), safe="")

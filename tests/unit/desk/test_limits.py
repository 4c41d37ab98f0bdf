"""JSON from outside: read whole and found fit before anything else sees it."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from db.audit_heads import HeadFile
from db.audit_log import Entry
from desk.context import Desk
from desk.problems import Problem
from desk.security.limits import DEEPEST, check_json
from desk.security.refusals import Refusals

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
FIT = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(st.binary(max_size=300))
def test_whatever_comes_is_taken_or_refused_by_name(body: bytes):
    with suppress(Problem):
        check_json(body)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_json_does_not_have_is_refused(number: str):
    with pytest.raises(Problem, match="no number") as refused:
        check_json(f'{{"a": [{number}]}}'.encode())
    assert refused.value.status == 400


@given(FIT)
def test_what_is_fit_is_taken(value: object):
    check_json(json.dumps(value).encode())


@given(FIT, st.sampled_from(["\0", "\ud800", "\udfff"]))
def test_a_text_that_no_store_can_keep_is_found_wherever_it_stands(value: object, bad: str):
    for body in ([value, f"a{bad}b"], {"a": {f"k{bad}": value}}):
        with pytest.raises(Problem, match="NUL"):
            check_json(json.dumps(body).encode())


@pytest.mark.parametrize("pair", [("[", "]"), ('{"a":', "}")])
def test_the_deepest_is_taken_and_one_deeper_is_not(pair: tuple[str, str]):
    opened, closed = pair
    for depth, fit in ((DEEPEST - 1, True), (DEEPEST, False), (100_000, False)):
        body = (opened * depth + "1" + closed * depth).encode()
        if fit:
            check_json(body)
        else:
            with pytest.raises(Problem, match="levels deep"):
                check_json(body)


class Noted(Desk):
    """A desk that keeps entries in a list."""

    def audit_alone(self, entry: Entry) -> None:
        NOTED.append(entry)


NOTED: list[Entry] = []


def test_refusals_of_strangers_are_bounded_and_those_of_people_are_not(tmp_path: Path):
    NOTED.clear()
    now_s = [0.0]
    desk = Noted(
        create_engine("sqlite://"),
        lambda: datetime(2026, 11, 23, tzinfo=UTC),
        b"",
        HeadFile(tmp_path / "heads"),
    )
    refusals = Refusals(desk, 3, lambda: now_s[0])
    for _ in range(10):
        refusals.note("-", "POST", "/x", {}, "")
    assert len(NOTED) == 3
    for _ in range(10):
        refusals.note("wang", "POST", "/x", {}, "")
    assert len(NOTED) == 13
    now_s[0] = 60
    refusals.note("-", "POST", "/x", {}, "")
    assert len(NOTED) == 14

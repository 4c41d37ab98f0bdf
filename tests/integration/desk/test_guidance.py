"""What helps an operator decide, and errands, at a real desk."""

from collections.abc import Callable
from datetime import date

import pytest

from db.engine import writing
from db.knowledge import add_article
from tests.integration.desk.people import Site, dispatched, ok, refusal
from tests.integration.store.cities import load
from tickets.articles import ArticleText

Numbers = Callable[[int], list[str]]


@pytest.fixture
def city(site: Site) -> Site:
    load(site.desk.engine)
    return site


def test_the_catalogue_says_matters_and_who_is_responsible(city: Site) -> None:
    wang = city.browser("wang")
    codes = [each["code"] for each in ok(wang.get("/catalogue/matters"))]
    assert "0101" in codes
    found = ok(wang.get("/catalogue/suggestion", matter="0101", area="A01-01"))
    assert found["unit"]
    assert found["deadline_class"]
    assert refusal(wang.get("/catalogue/suggestion", matter="9999")) == (404, "no-rule")


def test_a_question_finds_its_article_by_one_character(city: Site) -> None:
    text = ArticleText("0101", "水管爆了怎么办", "先关总阀。", date(2026, 1, 1), None)
    with writing(city.desk.engine) as session:
        add_article(session, text, by="wang", at=city.desk.now(), cut=city.desk.cut)
    wang = city.browser("wang")
    (found,) = ok(wang.get("/knowledge", text="水"))
    assert (found["article"], found["title"]) == ("K1.1", "水管爆了怎么办")
    assert ok(wang.get("/knowledge/1"))["body"] == "先关总阀。"
    assert ok(wang.get("/knowledge/1", version=1))["article"] == "K1.1"
    assert ok(wang.get("/knowledge", text="电")) == []
    assert refusal(wang.get("/knowledge", text="?!")) == (422, "invalid")
    for missing in (wang.get("/knowledge/2"), wang.get("/knowledge/1", version=9)):
        assert refusal(missing) == (404, "no-article")


def test_an_errand_is_written_down_and_ticked_off_by_its_unit(site: Site, numbers: Numbers) -> None:
    [number] = numbers(1)
    dispatched(site, number, "water")
    wang, li, sun = (site.browser(name) for name in ("wang", "li", "sun"))
    path = f"/tickets/{number}/errand"
    made = wang.post(path, {"kind": "step", "what": ["fetch the form", "hand it in"]})
    assert made.status_code == 201, made.text
    assert [each["state"] for each in made.json()] == ["open", "open"]
    assert ok(li.post(f"{path}/1", {"note": "at ten"}))["state"] == "done"
    assert [each["state"] for each in ok(li.get(path))] == ["done", "open"]
    assert refusal(li.post(f"{path}/1")) == (409, "wrong-state")
    assert refusal(li.post(f"{path}/9")) == (422, "missing")
    assert refusal(sun.post(f"{path}/2"))[0] == 403
    assert ("li", "ticket.errand", number, "done") in site.audited()


def test_a_likely_duplicate_is_offered_with_the_reason(site: Site) -> None:
    wang = site.browser("wang")
    given = {"matter": "0101", "place": "解放路12号", "area": "东关街道", "request": "水管爆了"}
    body = {"caller": "13800000001", "given": given}
    first, second = (ok(wang.post("/tickets", body))["number"] for _ in range(2))
    (offer,) = ok(wang.get(f"/tickets/{second}/duplicates"))
    assert (offer["ticket"]["number"], offer["ticket"]["caller"]) == (first, "138****0001")
    assert "place" in offer["why"]

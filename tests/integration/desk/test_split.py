"""A request that is several, split at a real desk."""

from collections.abc import Callable

from tests.integration.desk.people import Site, ok, refusal

PARTS = [{"request": "水管爆了"}, {"request": "路灯不亮", "title": "路灯"}]


def test_a_ticket_is_split_and_its_parts_name_their_whole(
    site: Site, numbers: Callable[[int], list[str]]
) -> None:
    [number] = numbers(1)
    wang = site.browser("wang")
    version = ok(wang.move(number, "claim", 2, responsible="wang"))["version"]
    given = {"matter": "0101", "request": "水管爆了，路灯也不亮"}
    version = ok(wang.move(number, "screen", version, **given))["version"]
    body = {"version": version, "because": "two units", "parts": PARTS}
    stale = wang.post(f"/tickets/{number}/split", body | {"version": version - 1})
    assert refusal(stale) == (409, "stale")
    assert refusal(wang.post(f"/tickets/{number}/split", body | {"parts": PARTS[:1]}))[0] == 422
    answer = wang.post(f"/tickets/{number}/split", body)
    assert answer.status_code == 201, answer.text
    whole, *parts = answer.json()
    assert (whole["number"], whole["state"]) == (number, "split")
    assert [part["request"] for part in parts] == ["水管爆了", "路灯不亮"]
    assert {(part["parent"], part["responsible"], part["state"]) for part in parts} == {
        (number, "wang", "new")
    }
    assert parts[0]["caller"] == "138****0001"
    assert site.audited()[0] == ("wang", "ticket.split", number, "done")


def test_a_handler_splits_nothing(site: Site, numbers: Callable[[int], list[str]]) -> None:
    [number] = numbers(1)
    body = {"version": 2, "because": "two units", "parts": PARTS}
    assert refusal(site.browser("li").post(f"/tickets/{number}/split", body))[0] == 403

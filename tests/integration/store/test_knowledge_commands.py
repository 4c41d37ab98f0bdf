"""`l110 knowledge`, as the user sees it."""

from pathlib import Path

from tests.integration.store.commands import as_json, imported, says


class TestKnowledge:
    def add(self, title: str, text: str, *more: str) -> str:
        command = ("knowledge", "add", "--matter", "水管爆裂", "--title", title, "--by", "chen")
        key: str = as_json(*command, *more, text=text)["article"]
        return key

    def found(self, *words: str) -> list[str]:
        return [each["article"] for each in as_json("knowledge", "search", *words)["found"]]

    def test_an_article_is_written_found_changed_and_ended(self, site_city: str) -> None:
        assert self.add("停水通知", "提前三天") == "K1.1"
        assert self.found("水") == self.found("三天") == ["K1.1"]
        assert self.add("停水通知", "提前五天", "--changes", "K1.1") == "K1.2"
        assert (self.found("三"), self.found("五")) == ([], ["K1.2"])
        assert as_json("knowledge", "show", "K1.1")["body"] == "提前三天"
        assert as_json("knowledge", "expire", "K1", "--by", "lu")["article"] == "K1.3"
        assert self.found("水") == []
        assert as_json("knowledge", "list") == []
        assert [each["article"] for each in as_json("knowledge", "list", "--all")] == ["K1.3"]

    def test_a_search_goes_on_where_the_page_before_ended(self, site_city: str) -> None:
        for n in range(3):
            self.add(f"停水 {n}", "x")
        first = as_json("knowledge", "search", "停水", "--limit", "2")
        second = as_json("knowledge", "search", "停水", "--limit", "2", "--after", first["after"])
        assert [e["article"] for e in first["found"] + second["found"]] == ["K1.1", "K2.1", "K3.1"]
        assert second["after"] is None
        assert "more: --after" in says("knowledge", "search", "停水", "--limit", "2").output

    def test_a_change_of_the_words_changes_no_day(self, site_city: str) -> None:
        days = ("--from", "2026-01-02", "--to", "2099-12-31")
        key = self.add("停水", "旧", *days)
        self.add("停水", "新", "--changes", key)
        told = as_json("knowledge", "show", "K1")
        assert (told["body"], told["valid_from"], told["valid_to"]) == ("新", days[1], days[3])

    def test_the_text_may_come_from_a_file(self, site_city: str, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("正文", encoding="utf-8-sig")
        self.add("标题", "", "--file", str(tmp_path / "a.txt"))
        assert as_json("knowledge", "show", "K1")["body"] == "正文"
        assert "body: 正文" in says("knowledge", "show", "K1").output

    def test_what_nothing_answers_is_noted_for_its_ticket_and_settled_by_an_article(
        self, site_city: str, tmp_path: Path
    ) -> None:
        ticket = imported(tmp_path)
        for _ in range(2):
            answer = says("knowledge", "search", "飞碟", "--ticket", ticket)
            assert "noted for the editors" in answer.output
        assert self.found("飞碟") == []
        question = as_json("knowledge", "unanswered")[0]
        assert (question["question"], question["asked"], question["last_ticket"]) == (
            "飞碟", 1, ticket,
        )  # fmt: skip
        self.add("飞碟", "没有", "--answers", str(question["number"]))
        assert as_json("knowledge", "unanswered") == []
        assert says("knowledge", "search", "外星", "--ticket", ticket).exit_code == 0
        number = str(as_json("knowledge", "unanswered")[0]["number"])
        settled = says("knowledge", "unanswered", "--settle", number, "--article", "K1")
        assert settled.exit_code == 0
        assert as_json("knowledge", "unanswered") == []

    REFUSALS = (
        (("search", "？？"), "there is no word in it"),
        (("search", "水", "--after", "x"), "write it as the page before said"),
        (("search", "飞碟", "--ticket", "1"), "no ticket 1"),
        (("show", "K9"), "no article K9"),
        (("show", "K9.1"), "no article K9.1"),
        (("show", "nine"), "names no article"),
        (("expire", "K9", "--by", "x"), "no article K9"),
        (("expire", "K9", "--by", "x", "--last-day", "soon"), "is no day"),
        (("list", "--after", "x"), "names no article"),
        (("unanswered", "--settle", "1"), "go together"),
        (("unanswered", "--settle", "1", "--article", "K9"), "no article K9"),
        (("add", "--matter", "x", "--title", "t", "--by", "b"), "x is no matter"),
    )

    def test_what_cannot_be_done_is_told_without_a_traceback(self, site_city: str) -> None:
        for command, message in self.REFUSALS:
            answer = says("knowledge", *command, text="x")
            assert answer.exit_code in (1, 2)
            assert message in answer.output

    def test_an_article_for_a_question_that_is_not_open_is_not_written(
        self, site_city: str
    ) -> None:
        command = ("add", "--matter", "0101", "--title", "t", "--by", "b", "--answers", "7")
        assert "no open question 7" in says("knowledge", *command, text="x").output
        assert as_json("knowledge", "list") == []

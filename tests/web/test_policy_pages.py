"""Pages of practices: parameters with sources, notices, differences, and what-ifs on a settled year."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drgpay import runs, samples
from drgpay.units import show_fen
from drgpay_web.ui.words import words
from support.office_people import actor, browser, units

DAY = date(2024, 4, 8)


@pytest.fixture
def place(office: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    from drgpay_web import clock

    monkeypatch.setattr(clock, "today", lambda: DAY)
    found = units()
    return {"b1": actor("B1", found["area"]), "h1": actor("H1", found["H1"])}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_every_parameter_that_is_set_stands_with_its_value_and_source(place: Any) -> None:
    shown = text(browser(place["h1"]).get("/policy/practice/demo"))
    set_now = [one for one in runs.parameters_seen("demo", DAY, None, "zh") if one.is_set]
    assert len(set_now) > 50
    for one in set_now:
        assert one.title in shown, one.name
    assert "变异系数不大于1" in shown
    assert "what-if" not in shown
    assert "what-if" in text(browser(place["b1"]).get("/policy/practice/demo"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_topic_has_words(lang: str) -> None:
    for one in runs.parameters_seen("demo", DAY, None, lang):
        assert f"policy.topic_{one.topic}" in words()


def test_rules_are_found_by_their_words_and_by_day(place: Any) -> None:
    page = browser(place["h1"])
    found = text(page.get("/policy/practice/demo?q=高倍率"))
    assert "高倍率界限" in found
    assert "基金与预算" not in found.partition("<main")[2], "of another topic"
    assert page.get("/policy/practice/nothing").status_code == 404
    assert page.get("/policy/practice/demo?on=nonsense").status_code == 200


def test_notices_say_from_when_they_hold_and_what_they_set(place: Any) -> None:
    shown = text(browser(place["h1"]).get("/policy/practice/demo/notices"))
    for one in runs.notices_seen("demo", DAY, "zh"):
        assert one.document in shown
    assert "生效中" in shown


def test_the_difference_of_two_practices_is_that_of_their_values(place: Any) -> None:
    page = browser(place["h1"])
    rows = runs.practices_differ(("demo", DAY), ("hangzhou", DAY), "zh")
    shown = text(page.get("/policy/compare?old=demo&new=hangzhou"))
    assert rows
    assert all(one.title in shown and one.new in shown for one in rows)
    assert "没有差别" in text(page.get("/policy/compare?old=demo&new=demo"))


@pytest.fixture(scope="module")
def money(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whatif")
    samples.make_region(folder / "region", stays=300, institutions=2)
    runs.run(runs.Order(folder / "region", "demo", 2024), folder / "year", runs.LocalEngine(1))
    return folder / "year"


class TestWhatIf:
    @pytest.fixture
    def year(self, place: Any, money: Path) -> Any:
        """A settled year in the catalogue."""
        from drgpay_web import store

        target = store.new_result_folder("A1", "run", "y2024")
        shutil.copytree(money, target)
        return store.add_result(place["b1"], area="A1", kind="run", name="y2024")

    def test_a_change_and_a_range_are_computed_by_jobs_and_shown_as_the_core_says(
        self, place: Any, year: Any
    ) -> None:
        from drgpay_web.jobs import child
        from drgpay_web.jobs.models import Job

        page = browser(place["b1"])
        assert page.get("/policy/what-if?p=points.qy_discount&s=points.max_cv").status_code == 200
        assert page.post("/policy/what-if", {"run": year.pk}).status_code == 422
        for more in ({"p": "points.qy_discount", "v_points.qy_discount": "0.5"},
                     {"s": "points.max_cv", "first": "0.8", "last": "1.2", "step": "0.4"}):  # fmt: skip
            sent = page.post("/policy/what-if", {"run": year.pk, **more})
            job = Job.objects.order_by("-pk").first()
            Job.objects.filter(pk=job.pk).update(state="running")
            child.work(job.pk)
            job.refresh_from_db()
            assert job.state == "done", job.error
            shown = text(page.get(sent["Location"]))
            if "p" in more:
                due = next(row for row in job.result["figures"] if row["name"] == "due")
                assert show_fen(due["new"]) in shown
                assert job.result["institutions"][0]["name"] in shown
            else:
                assert [row["value"] for row in job.result["rows"]] == ["0.8", "1.2"]
                assert "data-chart" in shown
            book = b"".join(page.get(f"{sent['Location']}/excel").streaming_content)
            assert book[:2] == b"PK"

    def test_it_is_for_the_bureau_and_says_where_no_year_is_settled(self, place: Any) -> None:
        assert browser(place["h1"]).get("/policy/what-if").status_code == 403
        assert "还没有年度结算结果" in text(browser(place["b1"]).get("/policy/what-if"))

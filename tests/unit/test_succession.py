"""The register of what became of institutions: what it may say, and who is who on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Segment, load
from drgpay.runs import read_region, submit
from drgpay.runs.succession import Succession
from drgpay.steps.intake import read_register
from drgpay.tables import COMMUNITY_MEMBERS, INSTITUTION_EVENTS, INSTITUTIONS
from support import merger
from support.command import drgpay
from support.engines import usual
from support.merger import Stay

HEAD = "event_id,institution_id,event,from_date,successor,new_name,new_level\n"


def region_with(folder: Path, rows: str) -> Path:
    return merger.write(folder / "r", merger.stays(2), "", institution_events=HEAD + rows)


@pytest.mark.parametrize(
    ("rows", "zh", "en"),
    [
        ("1,H2,merged_into,2024-07-01,H9,,\n", "没有这个定点医疗机构", "no such institution"),
        ("1,H9,closed,2024-07-01,,,\n", "没有这个定点医疗机构", "no such institution"),
        ("1,H2,merged_into,2024-07-01,H2,,\n", "不能并入自己", "into itself"),
        ("1,H2,merged_into,2024-07-01,,,\n", "缺少承继机构", "successor is missing"),
        ("1,H2,split,2024-07-01,,,\n", "缺少承继机构", "successor is missing"),
        ("1,H2,renamed,2024-07-01,,,\n", "缺少新名称", "new_name is missing"),
        ("1,H2,level_changed,2024-07-01,,,\n", "缺少新等级", "new_level is missing"),
        ("1,H2,closed,2024-07-01,H3,,\n", "没有承继机构", "has no successor"),
        ("1,H2,opened,2024-07-01,,,三级\n", "没有新等级", "has no new_level"),
        ("1,H2,closed,2024-07-01,,,\n2,H2,merged_into,2024-08-01,H3,,\n", "已有关闭", "ends twice"),
        ("1,H2,opened,2024-01-01,,,\n2,H2,opened,2024-08-01,,,\n", "已有新设", "opened twice"),
        ("1,H2,closed,2024-07-01,,,\n2,H2,renamed,2024-08-01,,新,\n", "晚于该机构的关闭", "the end"),
        ("1,H2,opened,2024-07-01,,,\n2,H2,renamed,2024-06-01,,新,\n", "早于该机构的新设", "was opened"),
        ("1,H2,opened,2024-07-01,,,\n2,H2,closed,2024-06-01,,,\n", "早于该机构的新设", "was opened"),
        (
            "1,H2,level_changed,2024-07-01,,,三级\n2,H2,level_changed,2024-07-01,,,一级\n",
            "同一天有两条同类事项",
            "two events of one kind",
        ),
        ("1,H2,merged_into,2024-07-01,H3,,\n2,H3,merged_into,2024-09-01,H2,,\n", "成环", "in a circle"),
        (
            "1,H1,merged_into,2024-07-01,H2,,\n2,H2,merged_into,2024-08-01,H3,,\n3,H3,split,2024-09-01,H1,,\n",
            "成环",
            "in a circle",
        ),
        ("1,H3,closed,2024-03-01,,,\n2,H2,merged_into,2024-07-01,H3,,\n", "当日不存在", "not there on that day"),
        ("1,H3,opened,2024-08-01,,,\n2,H2,merged_into,2024-07-01,H3,,\n", "当日不存在", "not there on that day"),
        ("1,H2,消失,2024-07-01,,,\n", "新设", "opened"),
        ("1,H2,closed,2024-07-01,,,\n1,H3,closed,2024-07-01,,,\n", "与第 2 行重复", "the same key"),
    ],
)
def test_events_that_cannot_be_are_named(tmp_path: Path, rows: str, zh: str, en: str) -> None:
    with pytest.raises(DrgpayError) as caught:
        read_region(region_with(tmp_path, rows))
    assert caught.value.kind is Kind.DATA
    assert zh in caught.value.zh
    assert en in caught.value.en
    assert caught.value.file
    assert caught.value.file.startswith("institution_events")


def succession(rows: str, folder: Path) -> Succession:
    path = folder / "institution_events.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    places = INSTITUTIONS.of(
        [{"institution_id": h, "name": h, "level": "secondary"} for h in ("H1", "H2", "H3", "H4")]
    )
    return Succession.of(frame(places), frame(read_register(path, INSTITUTION_EVENTS)))


MANY = "1,H1,并入,2023-05-01,H2,,\n2,H2,拆分,2024-07-01,H3,,\n"
MANY += "3,H4,等级变更,2024-10-01,,,三级\n4,H4,更名,2024-02-02,,丁,\n"


class TestOnADay:
    def test_successors_of_successors(self, tmp_path: Path) -> None:
        its = succession(MANY, tmp_path)
        assert its.heirs(date(2023, 4, 30)) == {}
        assert its.heirs(date(2024, 6, 30)) == {"H1": "H2"}
        assert its.heirs(date(2024, 7, 1)) == {"H1": "H3", "H2": "H3"}
        assert its.scored(date(2024, 7, 1))["institution_id"].cast(pl.String).to_list() == ["H3", "H4"]

    def test_names_and_levels(self, tmp_path: Path) -> None:
        its = succession(MANY, tmp_path)

        def fourth(day: date) -> tuple[str, str]:
            row = its.on(day).row(3, named=True)
            return row["name"], row["level"]

        assert fourth(date(2024, 2, 1)) == ("H4", "secondary")
        assert fourth(date(2024, 9, 30)) == ("丁", "secondary")
        assert fourth(date(2024, 10, 1)) == ("丁", "tertiary")

    def test_days_cut_the_year(self, tmp_path: Path) -> None:
        law = load("demo", on=date(2024, 12, 31))
        whole = (Segment(date(2024, 1, 1), date(2024, 12, 31), law),)
        cut = succession(MANY, tmp_path).cut(whole)
        assert [(s.first, s.last) for s in cut] == [
            (date(2024, 1, 1), date(2024, 6, 30)),
            (date(2024, 7, 1), date(2024, 9, 30)),
            (date(2024, 10, 1), date(2024, 12, 31)),
        ]
        month = (Segment(date(2024, 7, 1), date(2024, 7, 31), law),)
        assert succession(MANY, tmp_path).cut(month) == month

    def test_what_an_heir_has_not_got_it_has_from_the_last_that_went_over(self, tmp_path: Path) -> None:
        its = succession(MANY, tmp_path)
        assert its.inherited({"H1": "good", "H2": "fail"}, date(2024, 7, 1)) == {
            "H1": "good", "H2": "fail", "H3": "fail",
        }  # fmt: skip
        assert its.inherited({"H1": 1, "H3": 3}, date(2024, 7, 1)) == {"H1": 1, "H3": 3}
        assert its.inherited({("H1", "x"): 7}, date(2024, 7, 1)) == {("H1", "x"): 7, ("H3", "x"): 7}

    def test_heads_follow(self, tmp_path: Path) -> None:
        rows = [{"community_id": "C", "member_kind": "institution", "member_id": "H2"}]
        members = frame(COMMUNITY_MEMBERS.of(rows))
        its = succession(MANY, tmp_path)
        after = its.members(members, date(2024, 7, 1))
        assert sorted(after["member_id"].cast(pl.String)) == ["H1", "H2", "H3"]
        assert set(after["community_id"].cast(pl.String)) == {"C"}
        assert its.members(members, date(2023, 1, 1)).equals(members)


class TestHandingIn:
    def test_months_after_the_end_are_refused_and_those_before_taken(self, tmp_path: Path) -> None:
        region = region_with(tmp_path, "1,H2,merged_into,2024-07-15,H3,,\n2,H1,opened,2024-02-01,,,\n")
        file = tmp_path / "f.csv"

        def hand_in(stay: Stay) -> int:
            file.write_text(merger.text_of([stay]), encoding="utf-8")
            return submit(region, file, stay.house, (2024, stay.month), usual(1)).added

        assert hand_in(Stay("N1", "H2", 3, True, 9000)) == 1
        with pytest.raises(DrgpayError, match="no more since 2024-07-15; H3 is its successor"):
            hand_in(Stay("N2", "H2", 8, True, 9000))
        with pytest.raises(DrgpayError, match="opened on 2024-02-01"):
            hand_in(Stay("N3", "H1", 1, True, 9000))
        with pytest.raises(DrgpayError, match="closed or merged already"):  # discharged on the 15th
            hand_in(Stay("N4", "H2", 7, True, 9000))
        assert hand_in(Stay("N5", "H3", 8, True, 9000)) == 1

    def test_at_the_command_line(self, tmp_path: Path) -> None:
        region = region_with(tmp_path, "1,H2,关闭,2024-07-01,,,\n")
        file = tmp_path / "f.csv"
        file.write_text(merger.text_of([Stay("N1", "H2", 8, True, 9000)]), encoding="utf-8")
        done = drgpay("region", "submit", region, file, "--institution", "H2", "--month", "2024-08")
        assert done.returncode == Kind.DATA
        assert "自 2024-07-01 起已不存在" in done.stderr
        assert not (region / "batches").exists()

    def test_check_finds_them_in_files_too(self, tmp_path: Path) -> None:
        region = region_with(tmp_path, "1,H2,关闭,2024-01-01,,,\n")
        done = drgpay("check", "--region", region, "-o", tmp_path / "checked")
        assert "institution_not_open" in done.stdout + done.stderr, done.stderr

"""Taking a result: what is added, superseded, refused; how it is read again; what an end by force leaves."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest

from drgpay.engine import new_folder, write_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Order, read_manifest, read_region, rows_taken, run, take, verify
from drgpay.runs import Taken as Done
from drgpay.runs.again import changed_input
from drgpay.runs.manifest import write_manifest
from drgpay.runs.register_files import write_register
from drgpay.runs.taking import Offered, write_offers
from drgpay.runs.taking import take as taking
from drgpay.tables import BUDGETS, GRADE_REGISTER, STAY_DECISIONS, TAKEN_ROWS, Table, offered_table
from support import three
from support.engines import usual

DAY, LATER = date(2025, 3, 1), date(2025, 4, 1)


def result(folder: Path, grades: dict[str, str], kind: str = "evaluation", **about: Any) -> Path:
    """A result that offers grades of 2024."""
    rows = [{"year": 2024, "institution_id": h, "grade": g, "decided_by": "委员会"} for h, g in grades.items()]
    return offering(folder, [Offered(GRADE_REGISTER, kind, rows)], **about)


def offering(folder: Path, offered: Iterable[Offered], **about: Any) -> Path:
    with new_folder(folder) as draft:
        content = {"kind": "evaluation", "software": "drgpay 0", "inputs": {}, "year": 2024,
                   "region": {"id": "three", "title": {"zh": "三", "en": "three"}}}  # fmt: skip
        write_manifest(draft, content | about | write_offers(draft, [*offered]))
    return folder


@pytest.fixture
def region(tmp_path: Path) -> Path:
    return three.write(tmp_path / "three", grades="年度,定点医疗机构编号,考核等级\n2024,H2,优秀\n2024,H3,合格\n")


def grades(region: Path, known_on: date | None = None) -> dict[str, str]:
    return dict(read_region(region, known_on).registers[GRADE_REGISTER].select("institution_id", "grade").rows())


def refused(kind: Kind, text: str, region: Path, result: Path, **more: Any) -> None:
    before = sorted((p.name, p.read_bytes()) for p in region.iterdir() if p.is_file())
    with pytest.raises(DrgpayError) as caught:
        take(region, result, on=DAY, **more)
    assert caught.value.kind is kind
    assert text in caught.value.text()
    assert sorted((p.name, p.read_bytes()) for p in region.iterdir() if p.is_file()) == before


def counts(done: Done) -> tuple[int, ...]:
    return tuple(map(len, (done.added, done.superseded, done.same, done.conflicts)))


class TestWhatIsTaken:
    def test_rows_are_added_once_and_superseded_by_the_same_kind(self, region: Path, tmp_path: Path) -> None:
        first = result(tmp_path / "e1", {"H1": "good", "H2": "excellent"})
        assert counts(take(region, first, on=DAY)) == (1, 0, 1, 0)
        assert grades(region) == {"H1": "good", "H2": "excellent", "H3": "pass"}
        assert counts(take(region, first, on=DAY)) == (0, 0, 2, 0)
        again = take(region, result(tmp_path / "e2", {"H1": "fail"}), on=DAY)
        assert (counts(again), again.number) == ((0, 1, 0, 0), 2)
        assert grades(region)["H1"] == "fail"

    def test_a_row_that_people_wrote_is_a_conflict_that_over_decides(self, region: Path, tmp_path: Path) -> None:
        offer = result(tmp_path / "e", {"H1": "good", "H3": "good"})
        refused(Kind.DATA, "grades:2024/H3", region, offer)
        assert counts(take(region, offer, on=DAY, dry_run=True)) == (1, 0, 0, 1)
        assert not (region / "takes.csv").exists()
        refused(Kind.USAGE, "没有这个冲突", region, offer, over=["grades:2024/H1"])
        assert counts(take(region, offer, on=DAY, over=["grades:2024/H3"])) == (1, 0, 0, 1)
        assert grades(region) == {"H1": "good", "H2": "excellent", "H3": "good"}
        assert (region / "grades.csv").read_text("utf-8").count("H3,合格") == 1  # nothing is rewritten

    def test_another_kind_and_a_row_edited_by_hand_are_conflicts(self, region: Path, tmp_path: Path) -> None:
        take(region, result(tmp_path / "e1", {"H1": "good"}), on=DAY)
        own = region / "grades.taken.csv"
        own.write_text(own.read_text("utf-8-sig").replace(",good,", ",pass,"), "utf-8")
        refused(Kind.DATA, "grades:2024/H1", region, result(tmp_path / "e2", {"H1": "fail"}))

    def test_what_was_taken_can_be_carried_to_another_record(self, region: Path, tmp_path: Path) -> None:
        take(region, result(tmp_path / "e1", {"H1": "good"}), on=DAY)
        take(region, result(tmp_path / "e2", {"H1": "fail"}), on=LATER)
        rows = rows_taken(region, GRADE_REGISTER)
        assert [(row["grade"], row["recorded_on"]) for row in rows] == [("good", DAY), ("fail", LATER)]
        assert all(row["origin"].startswith("evaluation/") for row in rows)
        assert rows_taken(region, BUDGETS) == []

    def test_what_was_recorded_later_stays(self, region: Path, tmp_path: Path) -> None:
        take(region, result(tmp_path / "e1", {"H1": "good"}), on=LATER)
        refused(Kind.DATA, "2025-04-01", region, result(tmp_path / "e2", {"H1": "fail"}))

    def test_before_the_day_of_taking_it_is_not_known(self, region: Path, tmp_path: Path) -> None:
        take(region, result(tmp_path / "e", {"H1": "good", "H3": "fail"}), on=DAY, over=["grades"])
        assert grades(region, date(2025, 2, 28)) == {"H2": "excellent", "H3": "pass"}
        assert grades(region, DAY) == {"H1": "good", "H2": "excellent", "H3": "fail"}


class TestWhatIsRefused:
    def test_another_region_or_year(self, region: Path, tmp_path: Path) -> None:
        other = {"id": "else", "title": {"zh": "别处", "en": "else"}}
        refused(Kind.DATA, "另一个统筹区", region, result(tmp_path / "a", {"H1": "good"}, region=other))
        refused(Kind.DATA, "这个年度的结果不能接收", region, result(tmp_path / "b", {"H1": "good"}, year=2031))
        odd = [Offered(GRADE_REGISTER, "evaluation", [{"year": 2023, "institution_id": "H1", "grade": "good"}])]
        refused(Kind.DATA, "结果是 2024 年的", region, offering(tmp_path / "c", odd))

    def test_a_budget_of_a_year_that_is_sealed(self, region: Path, tmp_path: Path) -> None:
        rows = [{"year": 2024, "insurance_scheme": "resident", "revenue": 1, "drg_budget": 1}]
        offer = offering(tmp_path / "a", [Offered(BUDGETS, "budget", rows)])
        refused(Kind.DATA, "已封账", region, offer, sealed=lambda area, year: (area, year) == ("three", 2024))

    def test_an_institution_that_is_not_there(self, region: Path, tmp_path: Path) -> None:
        refused(Kind.DATA, "最接近的是 H1", region, result(tmp_path / "a", {"H11": "good"}))

    def test_a_result_that_was_changed(self, region: Path, tmp_path: Path) -> None:
        offer = result(tmp_path / "a", {"H1": "good"})
        wide = offered_table(GRADE_REGISTER)
        rows = [{"year": 2024, "institution_id": "H1", "grade": "excellent"}]
        write_table(offer / "offers" / "evaluation", wide, wide.of([{**r, "decided_by": "x"} for r in rows]))
        refused(Kind.BROKEN, "文件被改动", region, offer)

    def test_a_register_the_kind_does_not_go_to(self, region: Path, tmp_path: Path) -> None:
        offer = result(tmp_path / "a", {"H1": "good"}, kind="review")
        refused(Kind.BROKEN, "review/grades", region, offer)

    def test_results_that_offer_nothing(self, region: Path, tmp_path: Path) -> None:
        refused(Kind.USAGE, "没有要接收的行", region, result(tmp_path / "a", {}))
        with new_folder(tmp_path / "b") as draft:
            write_manifest(draft, {"kind": "checks", "software": "drgpay 0", "inputs": {}})
        refused(Kind.USAGE, "没有可以接收的内容", region, tmp_path / "b")

    def test_a_region_that_was_composed(self, region: Path, tmp_path: Path) -> None:
        (region / "composed.json").write_text('{"composed_by": "office"}', "utf-8")
        refused(Kind.USAGE, "由办公系统按登记内容生成", region, result(tmp_path / "a", {"H1": "good"}))


class TestReading:
    def test_a_row_changed_after_a_result_was_taken_over_it_is_named(self, region: Path, tmp_path: Path) -> None:
        take(region, result(tmp_path / "e", {"H3": "good"}), on=DAY, over=["grades"])
        path = region / "grades.csv"
        text = path.read_text("utf-8")
        path.write_text(text.replace("H3,合格", "H3,优秀"), "utf-8")
        with pytest.raises(DrgpayError, match="写上以后的登记日期"):
            grades(region)
        path.write_text(text.replace("考核等级\n", "考核等级,登记日期\n").replace("合格", "合格,").replace(
            "优秀", "优秀,") + "2024,H3,优秀,2025-05-01\n", "utf-8")  # fmt: skip
        assert grades(region)["H3"] == "excellent"

    def test_a_list_of_takings_that_was_cut_is_named(self, region: Path, tmp_path: Path) -> None:
        for number, grade in enumerate(("good", "fail", "pass")):
            take(region, result(tmp_path / f"e{number}", {"H1": grade}), on=DAY)
        listed = region / "takes.csv"
        listed.write_text("\n".join(listed.read_text("utf-8-sig").split("\n")[:2]) + "\n", "utf-8")
        with pytest.raises(DrgpayError, match="takes"):
            grades(region)
        listed.unlink()
        with pytest.raises(DrgpayError, match="takes"):
            grades(region)

    def test_a_register_of_taken_rows_alone(self, region: Path, tmp_path: Path) -> None:
        (region / "grades.csv").unlink()
        take(region, result(tmp_path / "e", {"H1": "good"}), on=DAY)
        assert grades(region) == {"H1": "good"}
        assert grades(region, date(2025, 1, 1)) == {}

    def test_a_file_nobody_would_read_is_named(self, region: Path) -> None:
        (region / "grade.taken.csv").write_text("x\n", "utf-8")
        with pytest.raises(DrgpayError, match=r"grades\.taken\.csv"):
            read_region(region)


def test_an_end_by_force_leaves_the_old_or_the_new(region: Path, tmp_path: Path) -> None:
    """Stopped after any of its renames, a taking of two registers is there as a whole or not at all."""
    row = {"stay_id": "S1", "institution_id": "H1", "kind": "refuse", "decision": "approved", "number": 1}
    seen = set()
    for stop in range(5):
        place = tmp_path / str(stop) / "three"
        shutil.copytree(region, place)
        offer = offering(tmp_path / f"o{stop}", [
            Offered(GRADE_REGISTER, "evaluation", [{"year": 2024, "institution_id": "H1", "grade": "good"}]),
            Offered(STAY_DECISIONS, "special", [row]),
        ])  # fmt: skip
        left = iter(range(stop))

        def stopped(path: Path, table: Table, rows: Any, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            write_register(path, table, rows)

        with mock.patch.dict(taking.__globals__, write_register=stopped), suppress(KeyboardInterrupt):
            take(place, offer, on=DAY)
        now = grades(place), read_region(place).registers[STAY_DECISIONS].height
        assert now in (({"H2": "excellent", "H3": "pass"}, 0), ({"H1": "good", "H2": "excellent", "H3": "pass"}, 1))
        seen.add(now[1])
        assert take(place, offer, on=DAY).number in (1, None)
        assert grades(place)["H1"] == "good"
        assert read_region(place).registers[STAY_DECISIONS].height == 1
    assert seen == {0, 1}


def test_a_run_keeps_the_origin_and_is_verified_with_it(region: Path, tmp_path: Path) -> None:
    before = run(Order(region, "demo", 2024), tmp_path / "y1", usual(1))
    take(region, result(tmp_path / "e", {"H1": "good"}), on=DAY, by="王")
    after = run(Order(region, "demo", 2024), tmp_path / "y2", usual(1))
    kept = pl.read_parquet(after / "registers" / f"{TAKEN_ROWS.name}.parquet").to_dicts()
    assert [(r["register"], r["row_key"], r["result"], r["decided_by"], r["recorded_by"]) for r in kept] == [
        ("grades", "2024/H1", "e", "委员会", "王")
    ]
    assert not (before / "registers" / f"{TAKEN_ROWS.name}.parquet").exists()
    assert all(check.ok for check in verify(after, usual(1), region=region))
    assert changed_input(region, read_manifest(before)) == "grades.taken.csv"
    known = run(Order(region, "demo", 2024, known_on=date(2025, 1, 1)), tmp_path / "y3", usual(1))
    assert "grades.taken.csv" not in read_manifest(known)["inputs"]
    assert changed_input(region, read_manifest(known)) is None

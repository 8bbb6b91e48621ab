"""Registers whose rows have days: a row recorded later supersedes the earlier one, and a run knows what it knew."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drgpay.engine import read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Order, read_manifest, run, seal_run, verify
from drgpay.runs.manifest import REGISTERS
from drgpay.steps.intake import read_recorded, read_register
from drgpay.tables import BUDGETS, GRADE_REGISTER
from support.engines import usual
from support.examples import TIMES

HEAD = "year,institution_id,grade,recorded_on,recorded_by\n"
THREE = f"{HEAD}2024,h1,good,,\n2024,h1,pass,2024-05-01,王\n"
THREE += "2024,h2,fail,2024-06-01,李\n2024,h1,excellent,2024-07-01,王\n"


def put(folder: Path, text: str, name: str = "grades.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def grades(path: Path, known_on: date | None = None) -> dict[str, str]:
    rows = read_register(path, GRADE_REGISTER, None, known_on)
    assert rows.schema.equals(GRADE_REGISTER.schema)
    return {row["institution_id"]: row["grade"] for row in rows.to_pylist()}


def refused(path: Path) -> str:
    with pytest.raises(DrgpayError) as caught:
        read_register(path, GRADE_REGISTER)
    assert caught.value.kind is Kind.DATA
    return caught.value.text()


class TestWhatIsInForce:
    def test_the_row_recorded_last(self, tmp_path: Path) -> None:
        assert grades(put(tmp_path, THREE)) == {"h1": "excellent", "h2": "fail"}

    @pytest.mark.parametrize(
        ("day", "known"),
        [
            (date(2024, 4, 30), {"h1": "good"}),
            (date(2024, 5, 1), {"h1": "pass"}),
            (date(2024, 6, 30), {"h1": "pass", "h2": "fail"}),
            (date(2024, 7, 1), {"h1": "excellent", "h2": "fail"}),
        ],
    )
    def test_of_what_was_known_on_a_day(self, tmp_path: Path, day: date, known: dict[str, str]) -> None:
        assert grades(put(tmp_path, THREE), day) == known

    def test_headers_in_chinese(self, tmp_path: Path) -> None:
        text = (
            "年度,定点医疗机构编号,考核等级,登记日期,登记人\n2024,h1,good,2024-05-02,王\n2024,h1,fail,2024-05-01,王\n"
        )
        assert grades(put(tmp_path, text)) == {"h1": "good"}

    def test_identical_rows_of_one_day_are_one(self, tmp_path: Path) -> None:
        text = HEAD + "2024,h1,good,2024-05-01,王\n2024,h1,good,2024-05-01,李\n"
        assert grades(put(tmp_path, text)) == {"h1": "good"}

    def test_a_header_alone(self, tmp_path: Path) -> None:
        path = put(tmp_path, HEAD)
        assert grades(path) == {}
        assert read_recorded(path, GRADE_REGISTER).digest


class TestWhatIsRefused:
    def test_other_values_on_the_same_day(self, tmp_path: Path) -> None:
        text = refused(put(tmp_path, HEAD + "2024,h1,good,2024-05-01,\n2024,h1,pass,2024-05-01,\n"))
        assert "同一天登记" in text
        assert "the same day as line 2" in text

    def test_an_undated_key_again(self, tmp_path: Path) -> None:
        assert "与第 2 行重复" in refused(put(tmp_path, HEAD + "2024,h1,good,,\n2024,h1,good,,\n"))

    def test_a_day_that_is_none(self, tmp_path: Path) -> None:
        assert "recorded_on" in refused(put(tmp_path, HEAD + "2024,h1,good,someday,\n"))

    def test_rows_that_are_not_known_yet_stop_nothing(self, tmp_path: Path) -> None:
        path = put(tmp_path, HEAD + "2024,h1,good,,\n2024,h1,splendid,2024-05-01,\n")
        assert "splendid" in refused(path)
        assert grades(path, date(2024, 4, 30)) == {"h1": "good"}


class TestTheDigest:
    def test_is_of_the_rows_known(self, tmp_path: Path) -> None:
        day = date(2024, 6, 30)
        before = read_recorded(put(tmp_path, THREE), GRADE_REGISTER, None, day).digest
        later = put(tmp_path, THREE + "2024,h9,good,2024-07-01,王\n")
        assert read_recorded(later, GRADE_REGISTER, None, day).digest == before
        assert read_recorded(later, GRADE_REGISTER).digest != before
        changed = put(tmp_path, THREE.replace("fail,2024-06-01,李", "fail,2024-06-01,王"))
        assert read_recorded(changed, GRADE_REGISTER, None, day).digest != before

    def test_a_register_without_days_has_none(self, tmp_path: Path) -> None:
        path = put(tmp_path, "year,institution_id,grade\n2024,h1,good\n")
        assert read_recorded(path, GRADE_REGISTER).digest is None


_DAYS = st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2024, 1, 6)))
_ROWS = st.dictionaries(
    st.tuples(st.sampled_from(["h1", "h2", "h3"]), _DAYS), st.sampled_from(["good", "pass", "fail"]), max_size=12
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20 * TIMES)
@given(rows=_ROWS, known_on=_DAYS, data=st.data())
def test_the_order_of_rows_does_not_matter_and_the_latest_known_holds(
    tmp_path: Path, rows: dict[tuple[str, date | None], str], known_on: date | None, data: st.DataObject
) -> None:
    lines = [f"2024,{h},{grade},{day or ''},x\n" for (h, day), grade in rows.items()]
    expected: dict[str, tuple[date, str]] = {}
    for (h, day), grade in rows.items():
        when = day or date.min
        if (known_on is None or when <= known_on) and when >= expected.get(h, (date.min, ""))[0]:
            expected[h] = (when, grade)
    one = put(tmp_path, HEAD + "".join(lines), "a.csv")
    other = put(tmp_path, HEAD + "".join(data.draw(st.permutations(lines))), "b.csv")
    assert grades(one, known_on) == grades(other, known_on) == {h: grade for h, (_, grade) in expected.items()}
    digests = {read_recorded(path, GRADE_REGISTER, None, known_on).digest for path in (one, other)}
    assert len(digests) == 1


@pytest.fixture
def region(small_region: Path, tmp_path: Path) -> Path:
    """A region whose budgets and grades have days."""
    folder = shutil.copytree(small_region, tmp_path / "region")
    budgets = (folder / "budgets.csv").read_text(encoding="utf-8-sig").splitlines()
    rows = [budgets[0] + ",recorded_on,recorded_by", *(f"{line},2024-01-02,王" for line in budgets[1:])]
    put(folder, "\n".join(rows) + "\n", "budgets.csv")
    return folder


def raised(region: Path, day: str) -> None:
    """All budgets of 2024 raised on a day."""
    path = region / "budgets.csv"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    place = head.split(",").index("drg_budget")
    more = []
    for line in lines:
        cells = line.split(",")
        cells[place] = str(float(cells[place]) + 1000)
        cells[-2:] = [day, "李"]
        more.append(",".join(cells))
    put(region, "\n".join([head, *lines, *more]) + "\n", "budgets.csv")


class TestRuns:
    def test_a_run_keeps_what_was_in_force_and_can_be_made_again_after_later_rows(
        self, region: Path, tmp_path: Path
    ) -> None:
        before = run(Order(region, "demo", 2024, 3, date(2024, 6, 30)), tmp_path / "a", usual(2))
        open_end = run(Order(region, "demo", 2024, 3), tmp_path / "b", usual(2))
        raised(region, "2024-07-01")
        for out in (before, open_end):
            assert all(check.ok for check in verify(out, usual(1)))
        named = verify(before, usual(1), region=region)
        assert all(check.ok for check in named), [check.failure for check in named]
        assert not all(check.ok for check in verify(open_end, usual(1), region=region))
        same = run(Order(region, "demo", 2024, 3, date(2024, 6, 30)), tmp_path / "c", usual(2))
        assert read_manifest(same) == read_manifest(before)
        now = run(Order(region, "demo", 2024, 3, date(2024, 7, 1)), tmp_path / "d", usual(2))
        old, new = (read_table(out / REGISTERS, BUDGETS)["drg_budget"].sum() for out in (before, now))
        assert new > old
        changed = put(region, (region / "budgets.csv").read_text(encoding="utf-8").replace("01-02,王", "01-03,王"),
                      "budgets.csv")  # fmt: skip
        assert changed.is_file()
        failed = [check.failure for check in verify(before, usual(1), region=region) if not check.ok]
        assert any("budgets.csv" in failure for failure in failed)

    @pytest.mark.slow
    def test_along_a_book_the_day_of_knowledge_never_falls(self, region: Path, tmp_path: Path) -> None:
        runs = tmp_path / "runs"
        runs.mkdir()
        first = run(Order(region, "demo", 2024, 1, date(2024, 2, 10)), runs / "m01", usual(2))
        seal_run(first, usual(1), by="审批人", on=date(2024, 2, 11))
        with pytest.raises(DrgpayError) as caught:
            run(Order(region, "demo", 2024, 2, date(2024, 2, 9), after=first), runs / "m02", usual(2))
        assert caught.value.kind is Kind.USAGE
        assert caught.value.field == "--known-on"
        assert not (runs / "m02").exists()
        second = run(Order(region, "demo", 2024, 2, after=first), runs / "m02", usual(2))
        seal_run(second, usual(1), by="审批人", on=date(2024, 3, 11))
        with pytest.raises(DrgpayError, match="cannot fall"):
            run(Order(region, "demo", 2024, 3, date(2024, 4, 9), after=second), runs / "m03", usual(2))

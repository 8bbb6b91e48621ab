"""The one record: rows once, never overwritten; a pinned region is what a folder by hand would be (14 §3)."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.command import drgpay
from support.office_people import actor, units


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("store") / "region"
    assert drgpay("region", "make", "-o", str(out), "--stays", "600", "--institutions", "3").returncode == 0
    return out


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay_web import clock

    monkeypatch.setattr(clock, "today", lambda: date(2024, 4, 8))


@pytest.fixture
def place(office: Any, day: None) -> dict[str, Any]:
    """The area of tests, with its hospitals in its register."""
    from drgpay.tables import INSTITUTIONS
    from drgpay_web import store

    found = units()
    one = {"area": "A1", "houses": [found["H1"], found["H2"]], "b1": actor("B1", found["area"])}
    rows = [{"institution_id": h.code, "name": h.name, "level": "三级"} for h in one["houses"]]
    store.put_rows(one["b1"], area="A1", table=INSTITUTIONS, rows=rows, origin="form")
    return one


@pytest.fixture
def record(office: Any, day: None, region: Path) -> dict[str, Any]:
    """An area whose record is an imported region."""
    from drgpay_web import store
    from drgpay_web.people import Unit

    area = store.import_region(region)
    houses = list(Unit.objects.filter(kind="institution", area=area).order_by("code"))
    return {"area": area, "houses": houses, "b1": actor("B1", Unit.objects.get(kind="area", area=area))}


def grade(place: Any, value: str, house: int = 0) -> dict[str, Any]:
    return {"year": 2023, "institution_id": place["houses"][house].code, "grade": value}


def put(place: Any, *rows: Any, **more: Any) -> Any:
    from drgpay.tables import GRADE_REGISTER
    from drgpay_web import store

    return store.put_rows(place["b1"], area=place["area"], table=GRADE_REGISTER, rows=rows, origin="form", **more)


def _offering(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """A result that offers grades."""
    from drgpay.engine import new_folder
    from drgpay.runs.manifest import write_manifest
    from drgpay.runs.taking import Offered, write_offers
    from drgpay.tables import GRADE_REGISTER

    with new_folder(folder, replace=True) as draft:
        about = {"kind": "evaluation", "software": "drgpay 0", "inputs": {}, "year": 2023}
        write_manifest(draft, about | write_offers(draft, [Offered(GRADE_REGISTER, "evaluation", rows)]))
    return folder


class TestRows:
    def test_a_change_supersedes_and_the_same_again_does_nothing(self, place: Any) -> None:
        from drgpay.tables import GRADE_REGISTER
        from drgpay_web import store, trail

        count = store.row_count(place["area"], GRADE_REGISTER)
        first = put(place, grade(place, "优秀") | {"year": 2020})
        assert (first.added, first.changed, first.same) == (1, 0, 0)
        assert put(place, grade(place, "excellent") | {"year": "2020"}).same == 1
        assert put(place, grade(place, "良好") | {"year": 2020}, reason="复核").changed == 1
        key = json.dumps([2020, place["houses"][0].code], separators=(",", ":"))
        later, earlier = store.history(place["area"], GRADE_REGISTER, key)
        assert (later.values["grade"], earlier.values["grade"]) == ("good", "excellent")
        assert (earlier.superseded_by, later.current, earlier.current) == (later, True, False)
        assert put(place, removed=[key], reason="误登").removed == 1
        assert store.row_count(place["area"], GRADE_REGISTER) == count
        assert trail.check() is None

    def test_what_a_later_result_does_not_offer_is_taken_out_and_what_people_entered_stays(
        self, place: Any, tmp_path: Path
    ) -> None:
        from drgpay.tables import GRADE_REGISTER
        from drgpay_web import store

        first, second = (house.code for house in place["houses"])

        def taken(number: int, grades: dict[str, str]) -> dict[str, str]:
            rows = [{"year": 2023, "institution_id": house, "grade": said} for house, said in grades.items()]
            result = _offering(tmp_path / str(number), rows)
            said: dict[str, Any] = {"kind": "evaluation", "origin": f"case:K{number}", "before": ["case:K1"]}
            store.take_offers(place["b1"], result, area=place["area"], **said)
            found = store.rows(place["area"], GRADE_REGISTER)
            return {row["institution_id"]: row["grade"] for row in found if row["year"] == 2023}

        put(place, grade(place, "优秀") | {"year": 2022})
        assert taken(1, {first: "good", second: "pass"}) == {first: "good", second: "pass"}
        assert taken(2, {first: "excellent"}) == {first: "excellent"}
        key = json.dumps([2023, second], separators=(",", ":"))
        gone, was = store.history(place["area"], GRADE_REGISTER, key)
        assert (gone.values, gone.origin, was.superseded_by) == (None, "case:K2", gone)
        assert taken(3, {}) == {first: "excellent"}, "K2 is none of its predecessors"
        assert taken(2, {}) == {}
        assert [r["grade"] for r in store.rows(place["area"], GRADE_REGISTER) if r["year"] == 2022] == ["excellent"]

    def test_one_wrong_row_and_none_is_entered(self, place: Any) -> None:
        from drgpay.tables import GRADE_REGISTER
        from drgpay_web import store

        before = store.rows(place["area"], GRADE_REGISTER)
        rows = [grade(place, "良好") | {"year": 2019}, grade(place, "好") | {"year": 2018},
                {"year": 2017, "institution_id": "NOWHERE", "grade": "良好"}]  # fmt: skip
        with pytest.raises(store.NotRight) as found:
            put(place, *rows)
        assert [(f.row, f.field) for f in found.value.findings] == [(2, "grade"), (3, "institution_id")]
        assert "第 2 行" in found.value.said("zh")
        assert store.rows(place["area"], GRADE_REGISTER) == before

    def test_two_who_write_one_key_at_once_leave_one_in_force(self, place: Any) -> None:
        from django.db import connection

        from drgpay_web import trail
        from drgpay_web.store.models import RegisterRow

        failed: list[str] = []

        def work(n: int) -> None:
            try:
                for k in range(5):
                    put(place, grade(place, ("良好", "合格", "优秀")[(n + k) % 3]) | {"year": 2015})
            except Exception as error:
                failed.append(repr(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = RegisterRow.objects.filter(table="grades", key__startswith="[2015,")
        assert not failed
        assert rows.filter(current=True).count() == 1
        assert rows.filter(superseded_by=None).count() == 1
        assert trail.check() is None

    def test_money_is_whole_fen_and_days_are_days(self, place: Any) -> None:
        from drgpay.tables import BUDGETS
        from drgpay_web import store

        row = {"year": "2030", "insurance_scheme": "职工", "revenue": "1,234.50", "drg_budget": "1000"}
        store.put_rows(place["b1"], area=place["area"], table=BUDGETS, rows=[row], origin="form")
        found = next(r for r in store.rows(place["area"], BUDGETS) if r["year"] == 2030)
        assert (found["revenue"], found["drg_budget"], found["insurance_scheme"]) == (123450, 100000, "employee")


class TestRegions:
    def test_an_imported_region_composed_and_run_equals_the_run_on_the_folder(
        self, record: Any, region: Path, tmp_path: Path
    ) -> None:
        from drgpay import runs
        from drgpay_web import store

        pin = store.pin(record["b1"], record["area"], "demo", "")
        composed = store.compose(pin)
        assert store.compose(pin) == composed
        assert store.pin(record["b1"], record["area"], "demo", "").pk == pin.pk
        ran = []
        for name, folder in (("office", composed), ("hand", region)):
            out = tmp_path / name
            runs.run(runs.Order(folder, "demo", 2024), out, runs.LocalEngine(1))
            ran.append(runs.table_digests(out, runs.LocalEngine(1)))
        assert ran[0] == ran[1]
        assert ran[0]

    def test_what_came_after_a_pin_is_not_in_it(self, record: Any) -> None:
        from drgpay_web import store

        first = store.pin(record["b1"], record["area"], "demo", "")
        put(record, grade(record, "合格") | {"year": 2012})
        second = store.pin(record["b1"], record["area"], "demo", "")
        assert "2012" not in (store.compose(first) / "grades.csv").read_text("utf-8")
        assert "2012" in (store.compose(second) / "grades.csv").read_text("utf-8")
        changed = store.changed_since(first, second)
        assert (changed.batches, [table for table, _ in changed.rows], changed.policy) == ((), ["grades"], False)

    def test_what_was_known_on_an_earlier_day_can_still_be_read(self, record: Any, monkeypatch: Any) -> None:
        from drgpay import runs
        from drgpay.tables import GRADE_REGISTER
        from drgpay_web import clock, store

        put(record, grade(record, "合格") | {"year": 2011})
        monkeypatch.setattr(clock, "today", lambda: date(2024, 5, 1))
        put(record, grade(record, "优秀") | {"year": 2011})
        folder = store.compose(store.pin(record["b1"], record["area"], "demo", ""))

        def grades(day: date) -> list[str]:
            frame = runs.read_region(folder, day).registers[GRADE_REGISTER]
            return [row["grade"] for row in frame.to_dicts() if row["year"] == 2011]

        assert (grades(date(2024, 4, 30)), grades(date(2024, 5, 1))) == (["pass"], ["excellent"])

    def test_a_second_import_changes_nothing(self, record: Any, region: Path) -> None:
        from drgpay_web import store
        from drgpay_web.store.models import RegisterRow

        before = RegisterRow.objects.count()
        assert store.import_region(region) == record["area"]
        assert RegisterRow.objects.count() == before

    def test_institutions_and_departments_became_units(self, record: Any) -> None:
        from drgpay_web.people import Unit

        assert len(record["houses"]) == 3
        assert Unit.objects.filter(area=record["area"], kind="department").exists()


class TestReceived:
    def test_the_same_file_of_the_same_house_is_there_once(self, place: Any) -> None:
        from drgpay_web import inbox, store

        one, other = (actor("H1", house) for house in place["houses"][:2])
        first = store.receive(one, [b"a,b\n", b"1,2\n"], "C:\\x\\清单.csv")
        again = store.receive(one, [b"a,b\n1,2\n"], "other.csv")
        theirs = store.receive(other, [b"a,b\n1,2\n"], "清单.csv")
        assert (again.pk, again.existing, first.existing) == (first.pk, True, False)
        assert theirs.pk != first.pk
        assert first.name == "清单.csv"
        assert inbox.path_of(first.stored).read_bytes() == b"a,b\n1,2\n"
        assert len(list(inbox.folder_of_inbox().iterdir())) == 2

    @pytest.mark.parametrize(
        ("data", "name"), [(b"", "a.csv"), (b"%PDF-1.7", "a.csv"), (b"MZ", "a.exe"), (b"text", "a.xlsx"), (b"x", "a")]
    )
    def test_what_is_no_table_is_not_kept(self, place: Any, data: bytes, name: str) -> None:
        from drgpay_web import inbox, store

        with pytest.raises(inbox.NotKept):
            store.receive(place["b1"], [data], name)
        assert not any(inbox.folder_of_inbox().iterdir())

    def test_a_file_that_is_too_large_leaves_nothing(self, place: Any) -> None:
        from drgpay_web import inbox, store

        with pytest.raises(inbox.NotKept):
            store.receive(place["b1"], (b"x" * inbox.MB for _ in range(200)), "a.csv")
        assert not any(inbox.folder_of_inbox().iterdir())


class TestCatalogue:
    def test_folders_and_seals_are_right_where_the_rows_differ(self, record: Any, region: Path) -> None:
        from drgpay import runs
        from drgpay_web import store, trail

        out = store.new_result_folder(record["area"], "run", "m01")
        runs.run(runs.Order(store.compose(store.pin(record["b1"], record["area"], "demo", "")), "demo", 2024, 1), out,
                 runs.LocalEngine(1))  # fmt: skip
        assert len(store.reconcile().found) == 1
        result = store.results_of(record["area"], period="2024-01").get()
        assert (store.folder(result), result.state) == (out, "made")
        runs.seal_run(out, runs.LocalEngine(1), by="b2", on=date(2024, 4, 8))
        assert store.reconcile().sealed == (f"{record['area']}/run/m01",)
        result.refresh_from_db()
        store.set_state(record["b1"], result, "candidate")
        result.refresh_from_db()
        assert result.state == "sealed"
        trial = store.new_result_folder(record["area"], "trial", "t1")
        shutil.copytree(out, trial)
        store.add_result(record["b1"], area=record["area"], kind="trial", name="t1")
        shutil.rmtree(trial)
        assert store.reconcile().lost == (f"{record['area']}/trial/t1",)
        assert store.reconcile() == type(store.reconcile())((), (), (), ())
        assert trail.check() is None

"""The grouper for programs: any form of stays in, the same form out, one result whichever way it is asked."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay import Grouped, Grouper, scheme
from drgpay.errors import DrgpayError, Kind
from drgpay.steps.grouping import alternatives, group_batch, read_stay, tell_stay
from support.examples import many
from support.stays import StayMaker, as_batch

RESULTS = ["mdc", "adrg", "drg", "severity", "status", "drg_name", "reason", "reason_code"]
BIRTH = {"dx": ["O82.000", "I10.x00x002"], "proc": ["74.1x01"], "sex": "female", "age": 30}
CHEST = {"dx": "J18.900 | J96.000", "proc": "", "sex": "男", "age": 45}
CODES = ["O82.000", "I10.x00x002", "J18.900", "J96.000", "E11.900", "B20.000", "S06.000", "S22.000", "?"]


@pytest.fixture(scope="module")
def grouper() -> Grouper:
    return Grouper()


def test_importing_the_package_stays_light() -> None:
    code = "import sys, drgpay; print(drgpay.__version__, sorted(m for m in sys.modules if m in ('numpy', 'polars')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith(" []\n")
    with pytest.raises(ImportError):
        from drgpay import Groupers  # type: ignore[attr-defined]  # noqa: F401


def test_a_stay_gives_a_group(grouper: Grouper) -> None:
    assert grouper.group(BIRTH) == Grouped("O", "OB1", "OB19", "剖宫产术", "none", "grouped")
    chest = grouper.group(CHEST)
    assert (chest.drg, chest.severity, chest.status) == ("ES31", "mcc", "grouped")
    none = ("没有主要诊断", "no_principal")
    assert grouper.group({"dx": []}) == Grouped(None, None, "0000", "未入组", "none", "ungrouped", *none)


def test_a_list_gives_a_list_and_few_are_grouped_like_many(grouper: Grouper) -> None:
    maker = StayMaker(grouper.scheme, seed=9)
    stays = maker.many(120)
    one_by_one = [grouper.group(stay) for stay in stays]
    assert grouper.group(stays) == one_by_one
    assert grouper.group(stays[:3]) == one_by_one[:3]
    assert grouper.group([]) == []


def test_switches_and_own_schemes_reach_the_rules() -> None:
    stay = {"dx": ["J18.900"], "proc": ["20.5901"]}
    assert Grouper("chs-drg-1.1", ["qy"]).group(stay).status == "qy"
    with pytest.raises(DrgpayError) as caught:
        Grouper("chs-drg-1.1", ["nonsense"])
    assert caught.value.kind == Kind.SCHEME


def _tables(stays: list[dict[str, Any]]) -> Iterator[Any]:
    columns = {name: [stay.get(name) for stay in stays] for name in ("dx", "proc", "sex", "age")}
    frame = pl.DataFrame({"row": range(len(stays)), **columns}, schema_overrides={"age": pl.Int64})
    yield frame
    yield frame.to_arrow()
    yield pa.RecordBatch.from_pydict({"row": list(range(len(stays))), **columns})
    yield frame.with_columns(pl.col("dx", "proc").list.join("|"), pl.col("sex").cast(pl.Categorical))
    yield frame.with_columns(pl.col("sex").replace_strict({"male": 1, "female": 2}), pl.col("age").cast(pl.Float64))
    yield frame.rename({"dx": "诊断", "proc": "手术操作", "sex": "性别", "age": "年龄"})
    yield FakeFrame({"row": list(range(len(stays))), **columns})


class FakeFrame:
    """What the grouper uses of a pandas DataFrame."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self.data, self.columns = columns, list(columns)

    def __getitem__(self, name: str) -> list[Any]:
        return self.data[name]

    def assign(self, **more: list[Any]) -> FakeFrame:
        return FakeFrame(self.data | more)


FakeFrame.__module__ = "pandas.core.frame"


def _column(table: Any, name: str) -> list[Any]:
    if isinstance(table, pl.DataFrame):
        return table[name].to_list()
    return table[name] if isinstance(table, FakeFrame) else table.column(name).to_pylist()


def test_tables_of_every_kind_give_the_same_and_keep_their_kind(grouper: Grouper) -> None:
    known = {"sex": "male", "age": 50}
    stays = [stay | known for stay in StayMaker(grouper.scheme, seed=10).many(60) if stay["dx"] and stay["proc"]]
    for stay in stays:
        stay["dx"], stay["proc"] = ([code for code in stay[name] if code] for name in ("dx", "proc"))
    stays = [{name: stay[name] for name in ("dx", "proc", "sex", "age")} for stay in stays]
    want = [grouper.group(stay) for stay in stays]
    for table in _tables(stays):
        got = grouper.group(table)
        assert type(got) is type(table)
        names = got.schema.names if isinstance(got, pa.RecordBatch | pa.Table) else got.columns
        assert list(names)[-8:] == RESULTS
        assert _column(got, "row") == list(range(len(stays)))
        rows = zip(*(_column(got, name) for name in RESULTS), strict=True)
        got_rows = [Grouped(*row[:3], row[5], *row[3:5], row[6] or "", row[7] or "") for row in rows]
        assert got_rows == want


def test_real_pandas_when_it_is_there(grouper: Grouper) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"dx": ["O82.000", "J18.900"], "proc": ["74.1x01", None], "age": [30, None]}, index=[7, 9]
    )
    got = grouper.group(frame)
    assert list(got["drg"]) == ["OB19", "ES35"]
    assert list(got.index) == [7, 9]


def test_batches_and_threads_change_nothing(grouper: Grouper, monkeypatch: pytest.MonkeyPatch) -> None:
    stays = StayMaker(grouper.scheme, seed=11).many(500)
    table = pa.Table.from_batches([as_batch(stays)])
    whole = grouper.group(table)
    monkeypatch.setattr("drgpay.steps.grouping.api._BATCH", 64)
    for threads in (1, 3):
        assert grouper.group(table, threads=threads).equals(whole)
    assert grouper.group(table.slice(0, 0)).num_rows == 0
    assert grouper.group(as_batch([])).num_rows == 0


def test_a_table_without_procedures_or_with_empty_cells(grouper: Grouper) -> None:
    frame = pl.DataFrame({"dx": ["J18.900", None, ""], "age": [45, None, 3]})
    assert grouper.group(frame)["drg"].to_list() == ["ES35", "0000", "0000"]


@pytest.mark.parametrize(
    ("stay", "field"),
    [
        ({}, "dx"),
        ({"DX": ["I10"]}, "dx"),
        ({"dx": 5}, "dx"),
        ({"dx": ["I10", 5]}, "dx"),
        ({"dx": [], "诊断": []}, "dx"),
        ({"dx": [], "proc": {"a"}}, "proc"),
        ({"dx": [], "sex": "x"}, "sex"),
        ({"dx": [], "sex": True}, "sex"),
        ({"dx": [], "age": "6O"}, "age"),
        ({"dx": [], "age": "-1"}, "age"),
        ({"dx": [], "los": "long"}, "los"),
        ({"dx": [], "birth_weight": "2500/2600", "age_days": 3}, "birth_weight"),
        ({"dx": [], "age": 60.5}, "age"),
        ({"dx": [], "age": np.float32(0.5)}, "age"),
        ({"dx": [], "prco": []}, "proc"),
        ({"dx": [], "weight": 3000}, "birth_weight"),
        ({"dx": [], "kolour": 1}, "kolour"),
        ({"dx": [], "age": -1}, "age"),
        ({"dx": [], "birth_weight": 2**31}, "birth_weight"),
        ({"dx": [], "los": True}, "los"),
        ({"dx": [], "icu": 1}, "icu"),
    ],
)
def test_what_is_wrong_with_a_stay_is_named(grouper: Grouper, stay: dict[str, Any], field: str) -> None:
    with pytest.raises(DrgpayError) as caught:
        grouper.group(stay)
    assert (caught.value.kind, caught.value.field) == (Kind.DATA, field)
    assert caught.value.fix_zh
    assert caught.value.fix_en
    with pytest.raises(DrgpayError):
        grouper.explain(stay)


@pytest.mark.parametrize(
    ("column", "field", "row"),
    [
        ({"sex": ["male", "男", "x"]}, "sex", 3),
        ({"sex": [1.5, 1.0, 1.0]}, "sex", None),
        ({"age": [1, 2, -3]}, "age", 3),
        ({"age": [1.0, 2.5, None]}, "age", 2),
        ({"age": ["1", "2", "three"]}, "age", 3),
        ({"age": [1, 2, 3], "los": ["1", "x", "3"]}, "los", 2),
        ({"los": [1, 2, 2**40]}, "los", 3),
        ({"proc": [1, 2, 3]}, "proc", None),
        ({"proc": [[1], [2], [3]]}, "proc", None),
        ({"icu": ["a", "b", "c"]}, "icu", None),
        ({"procs": ["a", "b", "c"]}, "proc", None),
        ({"drg": ["a", "b", "c"]}, "drg", None),
    ],
)
def test_what_is_wrong_with_a_table_is_named(
    grouper: Grouper, column: dict[str, list[Any]], field: str, row: int | None
) -> None:
    table = pa.table({"dx": [["I10.x00x002"]] * 3, **column})
    with pytest.raises(DrgpayError) as caught:
        grouper.group(table)
    assert (caught.value.kind, caught.value.field, caught.value.row) == (Kind.DATA, field, row)


@pytest.mark.parametrize(
    "dx",
    [
        ["i21.001 "],
        "Ｉ２１．００１",
        "I21.001,I10.x00x002",
        ["I21.001", None, "-"],
        np.array(["I21.001"]),
        "I21.001；I10.x00x002",
    ],
)
def test_codes_are_read_as_in_files(grouper: Grouper, dx: Any) -> None:
    stay = {"dx": dx, "proc": "36.0700X004", "age": np.int64(60), "sex": "M"}
    assert grouper.group(stay).drg == "FM19"
    cell = list(dx) if isinstance(dx, np.ndarray) else dx
    table = pl.DataFrame({"dx": [cell], "proc": ["36.0700X004"], "age": [60.0], "sex": ["M"]}, strict=False)
    assert grouper.group(table)["drg"].to_list() == ["FM19"]
    assert grouper.explain(stay).drg == grouper.tell(stay).drg == "FM19"


@pytest.mark.parametrize(
    "sex", ["男", "男性", "M", "m", "1", "1.0", "01", "１", 1, 1.0, np.int64(1), np.float32(1), "male"]
)
def test_the_sexes_the_files_know(grouper: Grouper, sex: Any) -> None:
    assert grouper.group({"dx": ["N40.x00"], "sex": sex}).mdc == "M"
    plain = sex.item() if isinstance(sex, np.generic) else sex
    assert grouper.group(pl.DataFrame({"dx": ["N40.x00"], "sex": [plain]}))["mdc"].to_list() == ["M"]


def test_numbers_of_numpy_and_missing_ones(grouper: Grouper) -> None:
    for years in (30, 30.0, np.int8(30), np.int64(30), np.float32(30), np.float64(30)):
        assert grouper.group(BIRTH | {"age": years}).drg == "OB19"
    assert grouper.group(BIRTH | {"age": float("nan"), "los": None}).drg == "OB19"
    assert grouper.group(BIRTH | {"icu": np.bool_(False)}).drg == "OB19"


@pytest.mark.parametrize(
    "dx", [["", "I21.001"], [None, "I21.001"], "|I21.001", "-|I21.001", ["无", "I21.001", "I10.x00x002"]]
)
def test_no_other_diagnosis_becomes_the_principal_one(grouper: Grouper, dx: Any) -> None:
    for result in (grouper.group({"dx": dx}), *grouper.group([{"dx": dx}] * 9)):
        assert (result.mdc, result.drg, result.reason_code) == (None, "0000", "no_principal")
    table = pl.DataFrame({"dx": [dx]})
    assert grouper.group(table)["drg"].to_list() == ["0000"]
    assert grouper.tell({"dx": dx}).reason == ("没有主要诊断", "there is no principal diagnosis")


def test_no_other_procedure_becomes_the_principal_one(grouper: Grouper) -> None:
    stay = {"dx": ["I21.001"], "proc": ["", "36.0700x004"]}
    assert grouper.group(stay).drg == "FR19"
    assert grouper.group(pl.DataFrame({"dx": ["I21.001"], "proc": ["|36.0700x004"]}))["drg"].to_list() == ["FR19"]


def test_findings_are_those_of_the_files(grouper: Grouper) -> None:
    stay = {"dx": "o80.000|Z37.000", "sex": 2, "age": 30, "proc": ["73.5900"]}
    rules = ["scheme_erratum", "code_case", "dx_other_gray", "not_grouped", "proc_gray"]
    found = grouper.findings(stay)
    assert [row["rule"] for row in found] == rules
    assert {row["row"] for row in found} == {1}
    table = pl.DataFrame({"dx": ["o80.000|Z37.000"], "sex": [2], "age": [30], "proc": ["73.5900"]})
    assert grouper.findings(table) == found
    assert grouper.findings([]) == grouper.findings(table.head(0)) == []
    assert Grouper(lang="en").group(stay).reason == "no group of MDC O holds"
    with pytest.raises(DrgpayError):
        Grouper(lang="fr")


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_grouper_works_in_other_processes(grouper: Grouper, way: str) -> None:
    pl.DataFrame({"a": range(1000)}).group_by("a").len()  # the parent has used its threads
    stays = [BIRTH, CHEST, {"dx": []}, {"dx": ["O80.000"], "sex": "女"}]
    with multiprocessing.get_context(way).Pool(2) as pool:
        got = pool.map_async(grouper.group, stays).get(timeout=120)
        many = pool.map_async(grouper.group, [stays * 5]).get(timeout=120)
    assert got == [grouper.group(stay) for stay in stays]
    assert many == [got * 5]


def test_things_that_are_no_stays(grouper: Grouper) -> None:
    for thing in (5, "J18.900", pl.LazyFrame({"dx": ["I10"]}), [5], ["J18.900"]):
        with pytest.raises(DrgpayError) as caught:
            grouper.group(thing)
        assert caught.value.kind == Kind.USAGE
    with pytest.raises(DrgpayError) as caught:
        grouper.group([BIRTH, {"dx": [], "age": "x"}])
    assert caught.value.row == 2


@many(14)
@given(
    dx=st.lists(st.sampled_from(CODES) | st.none(), max_size=6),
    proc=st.lists(st.sampled_from(["74.1x01", "01.2400x011", "?"]), max_size=2),
    age=st.sampled_from([None, 0, 30]),
    scheme_id=st.sampled_from(["chs-drg-1.1", "zj-drg-1.0", "chs-drg-2.0"]),
)
def test_alternatives_are_what_regrouping_gives(
    dx: list[str | None], proc: list[str], age: int | None, scheme_id: str
) -> None:
    rules = scheme.load(scheme_id)
    stay = {"dx": dx, "proc": proc, "age": age, "sex": "female"}
    told = alternatives(rules, stay)
    wanted = list(dict.fromkeys(code for code in dx[1:] if code and code != dx[0]))
    assert [x.principal for x in told] == wanted
    moved = []
    for code in wanted:
        rest = list(dx)
        rest.remove(code)
        moved.append(stay | {"dx": [code, *rest]})
    result = group_batch(rules, as_batch(moved))
    columns = [result.column(name).to_pylist() for name in ("mdc", "adrg", "drg", "severity", "status")]
    assert [(x.mdc, x.adrg, x.drg, x.severity, x.status) for x in told] == list(zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("scheme_id", "switches"),
    [
        ("chs-drg-1.1", ()),
        ("bj-drg-2022", ("mdc_fallthrough", "qy")),
        ("zj-drg-1.0", ("retry_procedures", "medical_without_operation")),
    ],
)
def test_every_story_agrees_with_the_result_and_is_json(scheme_id: str, switches: tuple[str, ...]) -> None:
    grouper = Grouper(scheme_id, switches)
    for stay in StayMaker(grouper.scheme, seed=12).many(150):
        told, result = tell_stay(grouper.scheme, read_stay(stay)), grouper.group(stay)
        assert (told.mdc, told.adrg, told.drg, told.drg_name) == (result.mdc, result.adrg, result.drg, result.name)
        mdc, adrg, drg = told.layers
        assert mdc.code == (result.mdc or "")
        assert adrg.code == (result.adrg or (result.drg if result.status == "qy" else ""))
        assert drg.code == ("" if result.status == "ungrouped" else result.drg)
        counted = {d.standing for d in told.diagnoses} & {"mcc", "cc"}
        assert result.severity == ("mcc" if "mcc" in counted else "cc" if counted else "none")
        plain = told.plain()
        assert json.loads(json.dumps(plain)) == plain
        raw = json.dumps([plain["layers"], plain["note"]])
        assert not any(atom in raw for atom in ("pdx", "pproc", "proc1", "odx", "no_mcc", "age<"))

"""Why a stay has no group, schemes as printed against their errata, and what a scheme can never reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from drgpay import scheme
from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import Scheme, corrected, unreached
from drgpay.steps.grouping import erratum_of, explain_stay, group_batch, reason_columns, remarks, tell_stay, why
from support.stays import as_batch

ERRATA = frozenset({"errata"})
SCHEMES = ("bj-drg-2022", "chs-drg-1.0", "chs-drg-1.1", "chs-drg-2.0", "zj-drg-1.0")


def stay(dx: str, proc: str = "", **facts: Any) -> dict[str, Any]:
    return {
        "sex": "female",
        "age": 30,
        "dx": dx.split("|") if dx else [],
        "proc": proc.split("|") if proc else [],
        **facts,
    }


def newborn(dx: str, weight: int | None = 1200) -> dict[str, Any]:
    return stay(dx, age=0, age_days=10, birth_weight=weight)


AS_PRINTED = [
    # a delivery with its outcome among the other diagnoses, as lists have it
    ("chs-drg-1.1", stay("O80.000|Z37.000x001"), "0000", "OR19"),
    ("chs-drg-1.1", stay("O80.000|Z37.000", "73.5900"), "0000", "OR19"),
    ("chs-drg-1.1", stay("O42.000|Z37.000x001", "75.6900x002"), "0000", "0000"),
    ("chs-drg-1.1", stay("O70.100|Z37.001", "75.6900x015"), "OZ19", "OR19"),
    ("chs-drg-1.1", stay("Z37.000|O80.000"), "OR19", "0000"),
    # an operation of the delivery goes before
    ("chs-drg-1.1", stay("O42.900|O80.000|Z37.000", "73.5900x002"), "OC19", "OC19"),
    ("bj-drg-2022", stay("O80.000|Z37.000"), "OR19", None),
    ("chs-drg-2.0", stay("O80.000|Z37.000x001"), "OR19", "OR19"),
    # drug-eluting stent and angiography
    ("chs-drg-1.1", stay("I21.900", "36.0700|88.5500", sex="male", age=60), "FR19", "FM19"),
    ("chs-drg-1.1", stay("I20.000", "88.5500", sex="male", age=60), "FR39", "FM39"),
    # dialysis by a catheter between artery and vein
    ("chs-drg-1.1", stay("Z49.101|N18.500", "39.9500", sex="male", age=54), "LZ11", "LL11"),
    ("chs-drg-1.1", stay("T20.100"), "0000", "WZ15"),
    ("chs-drg-1.1", stay("L04.003"), "0000", "DW19"),
    ("chs-drg-1.0", stay("M23.201"), "0000", "XR25"),
    # preterm newborns
    *(("chs-drg-2.0", newborn(f"P07.{code}"), "0000", "PS15") for code in ("200", "200x011", "200x021", "300x011")),
    ("chs-drg-2.0", newborn("P07.300x021", 1700), "0000", "PS29"),
    ("chs-drg-2.0", newborn("P07.300"), "PS15", "PS15"),
    ("chs-drg-2.0", newborn("P59.901|P07.300x011"), "PS15", "PS15"),
    ("chs-drg-2.0", newborn("P07.102"), "0000", "0000"),
]  # fmt: skip


@pytest.mark.parametrize(("scheme_id", "case", "printed", "mended"), AS_PRINTED)
def test_a_scheme_is_as_printed_and_its_errata_are_one_switch(
    scheme_id: str, case: dict[str, Any], printed: str, mended: str | None
) -> None:
    rules = scheme.load(scheme_id)
    told = explain_stay(rules, case)
    assert told.drg == printed
    said = erratum_of(rules, case, told.drg)
    found = [
        r
        for r in remarks(rules, as_batch([case]), group_batch(rules, as_batch([case])))
        if r.rule == "scheme_erratum"
    ]
    if mended is None:
        assert "errata" not in scheme.switches_of(scheme_id)
        assert (corrected(rules), said, found) == (None, None, [])
        return
    switched = scheme.load(scheme_id, ERRATA)
    assert explain_stay(switched, case).drg == mended
    assert group_batch(switched, as_batch([case])).column("drg").to_pylist() == [mended]
    assert erratum_of(switched, case, mended) is None
    if printed == mended:
        assert (said, found) == (None, [])
    else:
        assert said is not None
        assert mended in said.zh
        assert mended in said.en
        assert [(r.at.tolist(), r.values, r.texts) for r in found] == [([0], [f"{printed}>{mended}"], [said])]
        assert tell_stay(rules, case).erratum == said


def test_errata_go_with_other_switches_and_change_no_digest_of_the_printed_scheme() -> None:
    rules = scheme.load("chs-drg-1.1", frozenset({"qy", "mdc_fallthrough"}))
    mended = corrected(rules)
    assert mended is not None
    assert mended.switches == rules.switches | ERRATA
    assert scheme.load("chs-drg-1.1").digest.startswith("2cfb7e5f650cad20")
    assert scheme.compare(rules, scheme.load("chs-drg-1.1", frozenset({"qy", "mdc_fallthrough"}))) == []


REASONS = [
    ("chs-drg-1.1", stay(""), "no_principal", "没有主要诊断"),
    ("chs-drg-1.1", stay("?"), "unknown_principal", "主要诊断 ? 不在编码库中"),
    ("chs-drg-1.1", stay("J96.900"), "no_mdc", "没有大类收主要诊断 J96.900"),
    ("chs-drg-1.1", stay("I10.x00x002|E11.200"), "", ""),
    ("chs-drg-1.1", stay("T63.500"), "gray_principal", "主要诊断 T63.500 是灰码，不得上报"),
    ("chs-drg-1.1", stay("O80.000"), "no_group", "大类 O 中没有符合的病组"),
    ("chs-drg-1.1", stay("N40.x00", sex=None), "missing_data", "缺少性别"),
    ("chs-drg-1.1", stay("N40.x00"), "condition",
     "大类 M 的主要诊断表有 N40.x00，但不符合该大类的条件：主要诊断在本大类诊断表，且性别是男"),
    ("chs-drg-1.1", newborn("P07.300", None), "missing_data", "缺少出生体重"),
    ("chs-drg-1.1", stay("P07.300", age=0, age_days=None, birth_weight=1200), "missing_data", "缺少日龄"),
    ("chs-drg-1.1", stay("P07.300", age=0), "missing_data", "缺少日龄、出生体重"),
    ("chs-drg-1.1+qy", stay("J18.900", "20.5901"), "unrelated_operation", "手术与主要诊断 J18.900 无关（大类 E）"),
    ("chs-drg-2.0", stay("B95.000"), "invalid_principal", "主要诊断 B95.000 在方案中不能作主要诊断"),
    ("bj-drg-2022", stay("H50.000x004", "08.8700|42.4200x001|79.3800x002", age=None), "missing_data", "缺少年龄"),
]  # fmt: skip


def _rules(name: str) -> Scheme:
    scheme_id, *switches = name.split("+")
    return scheme.load(scheme_id, frozenset(switches))


@pytest.mark.parametrize(("name", "case", "code", "zh"), REASONS)
def test_every_stay_without_a_group_says_why(name: str, case: dict[str, Any], code: str, zh: str) -> None:
    rules = _rules(name)
    told = why(rules, case, explain_stay(rules, case))
    assert (("", "") if told is None else (told.code, told.said(rules).zh)) == (code, zh)
    batch = as_batch([stay("I10.x00x002"), case])
    columns = reason_columns(rules, batch, group_batch(rules, batch))
    assert columns["reason_code"].to_pylist() == [None, code or None]
    assert columns["reason"].to_pylist() == [None, zh or None]
    story = tell_stay(rules, case)
    assert (story.reason_code, "" if story.reason is None else story.reason.zh) == (code, zh)


def test_reasons_of_an_empty_batch_and_of_one_without_columns() -> None:
    rules = scheme.load("chs-drg-1.1")
    for batch in (
        as_batch([]),
        as_batch([stay("I10.x00x002")]),
        pa.RecordBatch.from_pydict({"dx": pa.array([["N40.x00"]]), "proc": pa.nulls(1)}),
    ):
        groups = group_batch(rules, batch)
        found = reason_columns(rules, batch, groups, "en")
        assert [len(column) for column in found.values()] == [batch.num_rows] * 2
        assert remarks(rules, batch, groups) == [] or found["reason"].to_pylist() == ["not given: sex"]


def test_operations_that_never_group_are_named_wherever_they_stand() -> None:
    rules = scheme.load("chs-drg-2.0")
    never = sorted(rules.invalid_op)[0]
    batch = as_batch([stay("I10.x00x002", f"88.5500|{never}"), stay("I10.x00x002", never), stay("I10.x00x002")])
    found = [r for r in remarks(rules, batch, group_batch(rules, batch)) if r.rule == "proc_barred"]
    assert [(r.at.tolist(), r.values) for r in found] == [([0, 1], [never, never])]


@pytest.mark.parametrize("scheme_id", SCHEMES)
def test_codes_an_mdc_lacks_are_counted_and_never_reach_their_group(scheme_id: str) -> None:
    rules = scheme.load(scheme_id)
    counts = {"bj-drg-2022": 0, "chs-drg-1.0": 41, "chs-drg-1.1": 254, "chs-drg-2.0": 22, "zj-drg-1.0": 1444}
    found = unreached(rules)
    assert sum(len(one.codes) for one in found) == counts[scheme_id]
    for one in found[::5]:
        for code in one.codes[:3]:
            for facts in ({"age": 0, "age_days": 5, "birth_weight": 1400}, {"sex": "male"}, {}):
                assert explain_stay(rules, stay(code, **facts)).adrg != one.adrg
    assert all(one.zh and one.en for one in found)


@pytest.mark.parametrize("scheme_id", SCHEMES)
def test_anomalies_are_told_in_both_languages(scheme_id: str) -> None:
    told = scheme.load(scheme_id).anomalies
    assert len(told) >= 5
    assert all(zh != en and any("\u4e00" <= sign <= "\u9fff" for sign in zh) for zh, en in told)
    assert all(zh != en for zh, en in scheme.switch_words(scheme_id).values())


def _folder(tmp_path: Path, **identity: str) -> Path:
    made = {"id": '"own-1"', "title": '"t"', "icd_edition": '"e"', **identity}
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "scheme.toml").write_text("".join(f"{k} = {v}\n" for k, v in made.items()), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "bad", ['"../../x"', '"/x"', '"a/b"', '".x"', '""', "7", '"a..b"', '"x."', '"con\\u0000"', f'"{"x" * 65}"']
)
def test_the_id_of_a_scheme_is_a_plain_name(tmp_path: Path, bad: str) -> None:
    folder = _folder(tmp_path, id=bad)
    with pytest.raises(DrgpayError) as caught:
        scheme.build(folder, tmp_path / "out")
    assert caught.value.kind == Kind.SCHEME
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["scheme.toml", "source"]


@pytest.mark.parametrize(
    ("item", "value"),
    [("counts", '"x"'), ("counts", "[1]"), ("title", "3"), ("anomalies", '"x"'), ("rows", "{a = 'b'}")],
)
def test_what_is_wrong_with_the_identity_is_named(tmp_path: Path, item: str, value: str) -> None:
    with pytest.raises(DrgpayError, match=item) as caught:
        scheme.build(_folder(tmp_path, **{item: value}), tmp_path / "out")
    assert caught.value.kind == Kind.SCHEME


def test_tables_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "mdc.csv").write_bytes(b"mdc,name,order,condition\nA,\xff\xfe,1,\n")
    (folder / "adrg.csv").mkdir()
    with pytest.raises(DrgpayError) as caught:
        scheme.build(folder, tmp_path / "out")
    assert "mdc «mdc.csv»" in caught.value.en
    assert "adrg «adrg.csv»" in caught.value.en

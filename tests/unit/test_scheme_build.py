"""Building a scheme: every fault is named, with its table, its key and what to do; nothing half-written is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from drgpay import scheme
from drgpay.errors import DrgpayError, Kind
from support import small_scheme

FAULTS = [
    ("mdc", "B,神经,4", "B,神经,3", "mdc «B»: has order 3 like M"),
    ("mdc", "B,神经,4", "B,神经,last", "mdc «B»: order «last» is not a whole number"),
    ("mdc", "M,男性,3,pdx &", "M,男性,3,pdx &&", "mdc «M»: the rule cannot be read"),
    ("mdc", "mdc,name,order,condition", "mdc,name,order,rule", "mdc «header»: the header is wrong: want mdc,name"),
    ("mdc_dx", "B,G41.000,\n", "B,G41.000,\nB,G41.000,\n", "mdc_dx «B · G41.000 · »: stands 2 times"),
    ("mdc_dx", "M,N40.000,\n", "M,N40.000\n", "mdc_dx «line 4»: wants 3 cells, has 2"),
    ("mdc_dx", "M,N40.000", "Q,N40.000", "mdc_dx «Q»: belongs to the unknown MDC «Q»"),
    ("adrg", "MR1,M,", "MR1,K,", "adrg «MR1»: belongs to the unknown MDC «K»"),
    ("adrg", "BS1,B,其他,3", "BS1,B,其他,2", "adrg «BS1»: has order 2 like BR1"),
    ("adrg", "3,medical,odx", "3,medecine,odx", "adrg «BS1»: kind «medecine» is not known"),
    ("adrg", "medical,odx", "medical,odx |", "adrg «BS1»: the rule cannot be read: something is missing"),
    (
        "adrg",
        "medical,odx",
        "medical,odx & pproc",
        "adrg «BS1»: a rule uses the list pproc, which adrg_code does not",
    ),
    ("adrg", "1,surgical,pproc", "1,surgical,pop", "adrg_code «AA1 · pproc»: no rule uses this list"),
    ("adrg_code", "AA1,pproc", "AB1,pproc", "adrg_code «AB1»: belongs to the unknown ADRG «AB1»"),
    ("drg", "MR19,MR1", "MR19,MR2", "drg «MR19»: belongs to the unknown ADRG «MR2»"),
    ("drg", "MR19,MR1", "MR19,BS1", "adrg «MR1»: has no DRG"),
    ("drg", "MR19,MR1", "MR19,BS1", "drg «BS1»: BS19, MR19 overlap (always)"),
    ("drg", "开颅伴CC,cc", "开颅伴CC,mcc_or_cc", "drg «BB1»: BB11, BB13 overlap (mcc)"),
    ("drg", "其他,always", "其他,age<17", "drg «BS1»: leaves a gap: no group takes age=17"),
    ("drg", "age>=17 & none", "age>17 & none", "drg «BR1»: leaves a gap: no group takes age=17, none"),
    ("drg", "开颅伴CC,cc", "开颅伴CC,acc", "drg «BB13»: the rule cannot be read: «acc» is not a word"),
    ("cc", "E11.900", "J96.000", "cc «J96.000»: is both MCC and CC"),
    ("mcc", "J96.000,1", "J96.000,7", "mcc «J96.000»: names the absent exclusion table 7"),
    ("exclusion", "2,G41.000", "2,G40.000", "exclusion «G40.000»: stands 2 times"),
    (
        "alternative",
        "adrg,BS1",
        "adrg,BX1",
        "alternative «any_bs1 · adrg · BX1»: points to a row that does not exist",
    ),
    ("alternative", "BS1,adx", "BS1,pproc", "adrg «BS1»: a rule uses the list pproc"),
    ("scheme_toml", "drg = 12", "drg = 13", "drg «counts.drg»: scheme.toml says 13 rows, there are 12"),
    ("scheme_toml", "mdc_dx = 7", "mdc_dx = 8", "mdc_dx «rows.mdc_dx»: scheme.toml says 8 rows, there are 7"),
    ("scheme_toml", 'title = "a small scheme"', "", "scheme.toml «title»: is missing"),
]


@pytest.mark.parametrize(("table", "old", "new", "says"), FAULTS)
def test_a_fault_is_named(tmp_path: Path, table: str, old: str, new: str, says: str) -> None:
    source = small_scheme.write(tmp_path / "source", **{table: (old, new)})
    with pytest.raises(DrgpayError) as caught:
        scheme.build(source, tmp_path / "built")
    assert caught.value.kind is Kind.SCHEME
    assert says in caught.value.en
    assert " → " in caught.value.zh
    assert not (tmp_path / "built" / "small-1").exists()


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    source = small_scheme.write(tmp_path / "source", drg=("其他,always", "其他,age<17"), cc=("E11.900", "J96.000"))
    with pytest.raises(DrgpayError) as caught:
        scheme.build(source, tmp_path / "built")
    assert "leaves a gap" in caught.value.en
    assert "is both MCC and CC" in caught.value.en
    assert "有空缺" in caught.value.zh


def test_a_missing_table_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    source = small_scheme.write(tmp_path / "source")
    (source / "exclusion.csv").unlink()
    with pytest.raises(DrgpayError, match="exclusion «»: the table is missing"):
        scheme.build(source, tmp_path / "built")
    with pytest.raises(DrgpayError, match=r"no readable scheme\.toml"):
        scheme.build(tmp_path / "nowhere", tmp_path / "built")


def test_a_build_can_be_loaded_and_replaced(tmp_path: Path) -> None:
    built = tmp_path / "built"
    report = scheme.build(small_scheme.write(tmp_path / "one"), built, base="chs-drg-1.1")
    assert report.rows["drg"] == 12
    assert report.folder == built / "small-1"
    small = scheme.load("small-1", folder=built)
    assert small.digest == report.digest
    assert [m.code for m in small.mdcs] == ["A", "Z", "M", "B"]
    assert [(a.code, a.order) for a in small.adrgs_of["B"]] == [("BB1", 1), ("BR1", 2), ("BS1", 3)]
    assert small.name("BB11") == "开颅伴MCC"
    assert small.name("BQY") == "神经(歧义组)"
    assert small.mdcs[1].dx["S12.910"] == ("head", "trunk")
    entry = {e.id: e for e in scheme.catalogue(built)}["small-1"]
    assert (entry.base, entry.document_date, entry.counts["drg"]) == ("chs-drg-1.1", "2024-01", 12)

    with pytest.raises(DrgpayError):
        scheme.build(small_scheme.write(tmp_path / "bad", cc=("E11.900", "J96.000")), built)
    assert scheme.load("small-1", folder=built).digest == report.digest

    other = scheme.build(small_scheme.write(tmp_path / "two", mcc=("R57.000", "R57.100")), built)
    assert other.digest != report.digest
    assert scheme.load("small-1", folder=built).digest == other.digest


def test_the_digest_is_of_the_content_not_of_the_files(tmp_path: Path) -> None:
    first = scheme.build(small_scheme.write(tmp_path / "a"), tmp_path / "built")
    source = small_scheme.write(tmp_path / "b")
    lines = (source / "adrg_code.csv").read_text(encoding="utf-8").splitlines()
    (source / "adrg_code.csv").write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n", encoding="utf-8")
    again = scheme.build(source, tmp_path / "built2")
    assert again.digest == first.digest

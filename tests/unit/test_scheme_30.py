"""Edition 3.0: rebuilt and said to be so, how it is read, the certified one from a workbook, the change told."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from drgpay import Grouper, scheme
from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import load as load_policy
from drgpay.policy import practice_text
from drgpay.runs import TABLES, Order, first_stay, run, verify
from drgpay.scheme import Scheme
from drgpay.steps.grouping import explain_stay, group_batch
from drgpay.steps.intake import read_stays
from drgpay.tables import STATEMENTS
from support import workbook
from support.command import drgpay
from support.engines import usual
from support.stays import StayMaker, as_batch

GOLDEN = Path(__file__).parents[1] / "golden" / "chs-drg-3.0.csv"


@pytest.fixture(scope="module")
def three() -> Scheme:
    return scheme.load("chs-drg-3.0")


@pytest.fixture(scope="module")
def official(three: Scheme, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of own schemes with the certified one, from a workbook that says what the rebuilt one says."""
    folder = tmp_path_factory.mktemp("official")
    book = workbook.write(folder / "book.xlsx", workbook.from_scheme(three))
    done = drgpay("scheme", "import", book, "-o", folder / "schemes")
    assert done.returncode == 0, done.stderr
    return folder / "schemes"


def group_of(chosen: Scheme, **stay: Any) -> tuple[str | None, str]:
    """ADRG and DRG; the kernel and the reference agree."""
    told = explain_stay(chosen, stay)
    row = group_batch(chosen, as_batch([stay])).to_pylist()[0]
    assert (told.adrg, told.drg, told.status) == (row["adrg"], row["drg"], row["status"])
    return told.adrg, told.drg


def test_it_is_as_large_as_the_document_says_and_as_small_as_the_others(three: Scheme) -> None:
    kinds = [a.kind for a in three.adrgs]
    assert (len(three.mdcs), len(kinds) - kinds.count("qy"), kinds.count("qy"), len(three.drgs)) == (26, 492, 21, 825)
    folders = [path for path in scheme.package.SCHEMES.iterdir() if path.is_dir()]
    sizes = {path.name: sum(f.stat().st_size for f in path.iterdir()) for path in folders}
    assert sizes["chs-drg-3.0"] <= max(size for name, size in sizes.items() if name != "chs-drg-3.0")


def test_it_says_that_it_is_rebuilt_and_which_lists_are_uncertain(three: Scheme) -> None:
    assert (three.basis, three.certified) == ("rebuilt", False)
    assert scheme.load("chs-drg-2.0").certified
    levels = [status.level for status in three.list_status.values()]
    assert (len(levels), levels.count("unmeasured")) == (492, 71)
    assert three.uncertain >= {"ES1", "BN1", "GC3", "IN1", "NC1"}
    assert len(three.uncertain) == 75
    listed = drgpay("scheme", "list")
    assert "重建,未认证" in listed.stdout
    assert "按公开文本重建，未经认证" in listed.stdout
    shown = drgpay("scheme", "show", "chs-drg-3.0").stdout
    assert "按公开文本重建，未经认证" in shown
    assert "未核对 71: BR1 " in shown
    assert (
        "rebuilt from public text and not certified" in drgpay("scheme", "show", "chs-drg-3.0", "--lang", "en").stdout
    )
    assert "未核对" in drgpay("scheme", "show", "chs-drg-3.0", "ES1").stdout
    assert "未核对" not in drgpay("scheme", "show", "chs-drg-3.0", "AA2").stdout
    assert "未经认证" not in drgpay("scheme", "show", "chs-drg-2.0").stdout


def test_a_batch_says_it_once(tmp_path: Path) -> None:
    done = drgpay("group", GOLDEN, "--scheme", "chs-drg-3.0", "-o", tmp_path / "g.csv")
    assert done.stderr.count("未经认证") == 1
    assert "75 例（15.00%）" in done.stderr
    found = pl.read_csv(tmp_path / "g.findings.csv", infer_schema=False)
    about = found.filter(pl.col(found.columns[0]) == "0") if found.columns[0] in ("row", "行号") else found
    text = about.write_csv()
    assert text.count("未经认证") == 1
    assert "未经认证" not in drgpay("group", GOLDEN, "--scheme", "chs-drg-2.0", "-o", tmp_path / "h.csv").stderr
    rules = [f["rule"] for f in Grouper("chs-drg-3.0").findings([{"dx": ["J18.900"], "age": 40}] * 3)]
    assert rules.count("scheme_not_certified") == 1


def test_the_golden_cases_are_right_in_a_file(tmp_path: Path) -> None:
    """Every case as the file has it: ``weight_g`` says weight and not which."""
    assert drgpay("group", GOLDEN, "--scheme", "chs-drg-3.0", "-o", tmp_path / "g.csv").returncode == 0
    with GOLDEN.open(encoding="utf-8") as want, (tmp_path / "g.csv").open(encoding="utf-8-sig") as got:
        cases = {row["id"]: row for row in csv.DictReader(want)}
        told = {row["stay_id"]: row for row in csv.DictReader(got)}
    assert [i for i, case in cases.items() if told[i]["drg"] != case["drg"]] == []
    grouped = [i for i, case in cases.items() if case["drg"] != "0000"]
    assert [i for i in grouped if told[i]["adrg"] != cases[i]["adrg"]] == []


def test_explain_says_where_a_stay_meets_a_list_that_was_not_measured(tmp_path: Path) -> None:
    grouper = Grouper("chs-drg-3.0")
    sure = grouper.tell({"dx": ["T21.200x057"], "proc": ["33.5000x001"], "age": 53})
    assert (sure.adrg, sure.unmeasured) == ("AA2", ())
    assert sure.basis is not None
    unsure = next(a for a in grouper.scheme.adrgs if a.code == "ST1")
    dx = min(unsure.lists["pdx"])
    story = grouper.tell({"dx": [dx], "age": 40})
    assert story.adrg == "ST1"
    assert [said.en for said in story.unmeasured] == ["the stay rests on the lists of ST1: not measured"]
    shown = drgpay("explain", "--dx", dx, "--age", 40, "--scheme", "chs-drg-3.0").stdout
    assert "未经认证" in shown
    assert "入组所依据的 ST1" in shown
    card = tmp_path / "card.html"
    drgpay("explain", "--dx", dx, "--age", 40, "--scheme", "chs-drg-3.0", "--html", card)
    assert "入组所依据的 ST1" in card.read_text(encoding="utf-8")
    assert Grouper("chs-drg-2.0").tell({"dx": [dx], "age": 40}).basis is None


def test_only_the_invalid_table_bars_a_code_and_a_gray_one_counts(three: Scheme) -> None:
    two = scheme.load("chs-drg-2.0")
    assert three.gray_op == frozenset()
    assert "99.1000" in two.gray_op
    dx = min(code for code in next(m for m in three.mdcs if m.code == "B").dx if code.startswith("I63"))
    assert group_of(three, dx=[dx], proc=["99.1000"], age=60)[0] == "BL1"
    assert group_of(two, dx=[dx], proc=["99.1000"], age=60)[0] != "BL1"


def test_unrelated_operations_need_no_switch(three: Scheme) -> None:
    assert "qy" not in scheme.switches_of("chs-drg-3.0")
    with pytest.raises(DrgpayError, match="no switch «qy»"):
        scheme.load("chs-drg-3.0", frozenset({"qy"}))
    assert group_of(three, dx=["J18.900"], proc=["20.5901"], age=40) == ("EQY", "EQY")


def test_the_weight_at_admission_decides_and_not_the_one_at_birth(three: Scheme) -> None:
    light = {"dx": ["P07.300"], "age": 0, "age_days": 3, "sex": "male"}
    groups = {
        grams: group_of(three, **light, admission_weight=grams, birth_weight=4000)[0]
        for grams in (999, 1000, 1499, 1500, 1999, 2000, 2499, 2500)
    }
    assert groups == {
        999: "PS1", 1000: "PS2", 1499: "PS2", 1500: "PS3", 1999: "PS3", 2000: "PS4", 2499: "PS4", 2500: "PS5",
    }  # fmt: skip
    assert group_of(three, **light, birth_weight=1200)[0] not in ("PS1", "PS2", "PS3", "PS4", "PS5")
    found = Grouper("chs-drg-3.0").group({**light, "新生儿入院体重": 1200, "新生儿出生体重": 3000})
    assert found.adrg == "PS2"
    two = Grouper("chs-drg-2.0")
    assert two.group({**light, "birth_weight": 1200}) == two.group({**light, "birth_weight": 1200, "XSERYTZ": 3000})


@pytest.mark.parametrize(
    ("head", "where"),
    [("新生儿入院体重", 0), ("XSERYTZ", 0), ("nwb_adm_wt", 0), ("admission_weight", 0), ("入院体重", 0)],
)
def test_every_header_of_the_weight_at_admission(tmp_path: Path, head: str, where: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"id,dx,age,age_days,出生体重,{head}\n1,P07.100,0,3,3000,1200\n", encoding="utf-8")
    (part,) = list(read_stays(path))
    stay = part.stays.to_pylist()[where]
    assert (stay["birth_weight"], stay["admission_weight"]) == (3000, 1200)


@pytest.mark.parametrize(
    ("name", "birth", "admission"),
    [
        ("front-page-western.csv", "XSECSTZ", "XSERYTZ"),
        ("front-page-hqms.csv", "A18x01", "A17"),
        ("settlement-list.csv", "nwb_bir_wt", "nwb_adm_wt"),
    ],
)
def test_every_format_brings_the_weight_at_admission(tmp_path: Path, name: str, birth: str, admission: str) -> None:
    source = Path(__file__).parents[1] / "data" / "formats" / name
    if not source.exists():
        pytest.skip(f"no sample of {name}")
    with source.open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    with (tmp_path / name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys([*rows[0], birth, admission])))
        writer.writeheader()
        writer.writerows([{**row, birth: "3100", admission: "1250"} for row in rows])
    stays = [stay for part in read_stays(tmp_path / name) for stay in part.stays.to_pylist()]
    assert {(stay["birth_weight"], stay["admission_weight"]) for stay in stays} == {(3100, 1250)}


def test_a_region_without_the_column_is_settled_as_before(
    small_region: Path, small_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_region, tmp_path / "old")
    for path in (tmp_path / "old" / "stays").rglob("*.parquet"):
        pq.write_table(pq.read_table(path).drop_columns(["admission_weight"]), path)
    done = run(Order(tmp_path / "old", "demo", 2024), tmp_path / "run", usual(2))
    assert read_table(done / TABLES, STATEMENTS).equals(read_table(small_run / TABLES, STATEMENTS))


def test_the_seven_lost_exclusions_are_a_switch(three: Scheme) -> None:
    printed = scheme.load("chs-drg-3.0", frozenset({"printed_exclusions"}))
    lost = {"P22.100", "P24.100", "P39.800", "P55.100", "P59.900", "P78.800", "S02.400"}
    assert printed.exclusion.keys() - three.exclusion.keys() == lost
    assert printed.exclusion.items() >= three.exclusion.items()
    assert printed.digest != three.digest
    table = printed.exclusion["S02.400"]
    code = min(c for c, t in three.mcc.items() if t == table)
    stay = {"dx": ["S02.400", code], "age": 40, "sex": "male"}
    assert explain_stay(three, stay).severity == "mcc"
    assert explain_stay(printed, stay).severity == "none"


def test_a_folder_that_leaves_out_how_it_is_read(three: Scheme, tmp_path: Path) -> None:
    """What a folder does not say follows from its tables; what is built says it."""
    folder = _folder(three, tmp_path / "source")
    built = scheme.build(folder, tmp_path / "own")
    loaded = scheme.load("t-30", folder=tmp_path / "own")
    assert built.digest == loaded.digest
    assert (loaded.basis, loaded.gray_op) == ("rebuilt", frozenset())
    rules = {a.code: a.rule_text for a in loaded.adrgs}
    assert rules["PS1"] == {a.code: a.rule_text for a in three.adrgs}["PS1"]
    assert "admission_weight<1000" in rules["PS1"]
    (folder / "scheme.toml").write_text((folder / "scheme.toml").read_text("utf-8") + 'basis = "official"\n', "utf-8")
    with pytest.raises(DrgpayError, match="only an import") as caught:
        scheme.build(folder, tmp_path / "own")
    assert caught.value.kind == Kind.SCHEME


def _folder(chosen: Scheme, folder: Path) -> Path:
    """A shipped scheme as a folder of CSV, with ``weight`` in its rules and nothing said of how it is read."""
    folder.mkdir()
    for path in (scheme.package.SCHEMES / chosen.id).glob("*.parquet"):
        table = pl.read_parquet(path)
        texts = [c for c in table.columns if c in ("rule", "split", "condition")]
        table = table.with_columns(pl.col(c).str.replace_all("admission_weight", "weight") for c in texts)
        table.write_csv(folder / f"{path.stem}.csv")
    (folder / "scheme.toml").write_text('id = "t-30"\ntitle = "t"\nicd_edition = "x"\n', "utf-8")
    return folder


def test_the_workbook_makes_the_certified_one(three: Scheme, official: Path, tmp_path: Path) -> None:
    certified = scheme.load("chs-drg-3.0-official", folder=official)
    assert (certified.basis, certified.certified, certified.uncertain) == ("official", True, frozenset())
    stays = StayMaker(three, seed=6).many(4000)
    want, got = (group_batch(s, as_batch(stays)).to_pylist() for s in (three, certified))
    assert [pair for pair in zip(want, got, strict=True) if pair[0] != pair[1]] == []
    book = official.parent / "book.xlsx"
    refused = drgpay("scheme", "import", book, "--id", "chs-drg-3.0", "-o", tmp_path)
    assert refused.returncode == Kind.SCHEME
    assert "--id chs-drg-3.0-official" in refused.stderr
    told = drgpay(
        "scheme", "diff", "chs-drg-3.0", "chs-drg-3.0-official", "--schemes", official, "--stays", GOLDEN
    ).stdout
    assert "由官方工作簿导入" in told
    assert "不换组 500(100%)" in told


def _practice(folder: Path, *changes: tuple[str, str]) -> Path:
    """The practice on 3.0 with the demand, and changes of its text."""
    before = "    values:\n      points.base_years:"
    text = practice_text("demo-2027")[0].replace(
        before, before.replace("points.base_years", "grouping.certified: true\n      points.base_years"), 1
    )
    for old, new in changes:
        text = text.replace(old, new)
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_policy_can_demand_the_certified_scheme(small_region: Path, official: Path, tmp_path: Path) -> None:
    mine = _practice(tmp_path)
    assert load_policy(mine, on=date(2024, 12, 31)).flag("grouping.certified")
    with pytest.raises(DrgpayError) as caught:
        run(Order(small_region, str(mine), 2024, schemes=tmp_path), tmp_path / "run", usual())
    assert (caught.value.kind, caught.value.field) == (Kind.POLICY, "grouping.certified")
    assert "drgpay scheme import" in str(caught.value.fix_zh)
    assert "scheme: chs-drg-3.0-official" in str(caught.value.fix_en)
    with pytest.raises(DrgpayError) as caught:
        run(Order(small_region, str(mine), 2024, schemes=official), tmp_path / "run", usual())
    assert caught.value.fix_en == "name it in the practice, scheme: chs-drg-3.0-official"
    certified = _practice(tmp_path, ("scheme: chs-drg-3.0", "scheme: chs-drg-3.0-official"))
    done = run(Order(small_region, str(certified), 2024, schemes=official), tmp_path / "run", usual(2))
    manifest = read_manifest(done)
    assert manifest["scheme_basis"] == "official"
    assert "scheme_note" not in manifest


def test_the_primary_groups_are_a_list_a_policy_can_name(three: Scheme) -> None:
    policy = load_policy("demo-2027", on=date(2024, 12, 31))
    groups = policy.codes("coefficient.basic_groups")
    assert len(groups) == 31
    assert {"GE29", "ES4G", "BR29"} <= set(groups) <= {d.code for d in three.drgs}
    more = policy.amend({"coefficient.basic_groups": "[primary-3.0, AA19]"}, "t")
    assert set(more.codes("coefficient.basic_groups")) == {*groups, "AA19"}
    with pytest.raises(DrgpayError, match="given twice"):
        policy.amend({"coefficient.basic_groups": "[primary-3.0, GE29]"}, "t")


def test_the_practice_on_3_0_settles_the_demonstration_region(small_region: Path, tmp_path: Path) -> None:
    done = run(Order(small_region, "demo-2027", 2024), tmp_path / "run", usual(2))
    assert [c for c in verify(done, usual(2)) if not c.ok] == []
    manifest = read_manifest(done)
    assert (manifest["scheme"], manifest["scheme_basis"]) == ("chs-drg-3.0", "rebuilt")
    assert "未经认证" in manifest["scheme_note"]["zh"]
    assert "未经认证" in drgpay("explain", done, "--stay", first_stay(done)).stdout


def test_the_change_from_2_0_told_for_a_region(small_region: Path, tmp_path: Path) -> None:
    report = tmp_path / "change.xlsx"
    done = drgpay(
        "scheme",
        "diff",
        "chs-drg-2.0",
        "chs-drg-3.0",
        "--stays",
        small_region,
        "--cost",
        "-o",
        report,
        "--lang",
        "en",
    )
    assert done.returncode == 0, done.stderr
    sheets = pl.read_excel(report, sheet_id=0)
    assert {"stays", "transitions", "groups", "institutions", "departments"} <= sheets.keys()
    stays, pairs, places = (sheets[name] for name in ("stays", "transitions", "institutions"))
    changed = pairs.filter(pl.col("drg_a") != pl.col("drg_b"))
    assert stays.height == changed["n"].sum() == places["changed"].sum() == sheets["departments"]["changed"].sum()
    assert places["n"].sum() == pairs["n"].sum()
    diff = places["worth_diff"].cast(pl.String).str.replace_all(",", "").cast(pl.Decimal(18, 2))
    total = pairs["cost"].cast(pl.String).str.replace_all(",", "").cast(pl.Decimal(18, 2)).sum()
    assert abs(diff.sum()) * 1000 < total  # but for the rounding of means nothing is won or lost in all
    assert (diff < 0).any()
    assert (diff > 0).any()
    assert "at the groups' mean costs" in done.stdout


def test_without_costs_places_are_told_where_the_file_has_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,dx,age,机构,医院编码\n1,J18.900,40,x,H1\n2,A00.000,40,x,H2\n", encoding="utf-8")
    told = drgpay("scheme", "diff", "chs-drg-2.0", "chs-drg-3.0", "--stays", path).stdout
    assert "H1: 换组" in told
    assert "科室" not in told.split("病例 2")[1]

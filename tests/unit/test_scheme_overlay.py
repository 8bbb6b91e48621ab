"""Overlays: a base and a reviewed list of changes; each change does what it says, or says why it cannot."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import polars as pl
import pyarrow as pa
import pytest
from click.testing import Result

from drgpay import scheme
from drgpay.cli import app
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import practice_text
from drgpay.runs import Order, first_stay, read_manifest, run
from drgpay.runs import explain_stay as explain_of_run
from drgpay.scheme import OverlayReport, Scheme, rules
from drgpay.steps.grouping import (
    all_transitions,
    count_transitions,
    explain_stay,
    group_batch,
    groups_before_after,
    paired_groups,
)
from support import small_scheme
from support.command import CliRunner
from support.engines import usual
from support.stays import StayMaker, as_batch

HEAD = """id: local-1
title: 本地方案
base: small-1
document: 某医保〔2026〕1号
changes:
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    scheme.build(small_scheme.write(folder / "source"), folder / "built")
    return folder / "built"


def build(folder: Path, base: Path, changes: str, head: str = HEAD) -> tuple[Scheme, OverlayReport]:
    """The overlay written, built and loaded."""
    file = folder / "local.yaml"
    file.write_text(head + changes, encoding="utf-8")
    report = scheme.build_overlay(file, folder / "built", folder=base)
    return scheme.load("local-1", folder=folder / "built"), report


def drg(chosen: Scheme, **stay: object) -> str:
    """The group, the same in the kernel and the reference."""
    told = explain_stay(chosen, stay)
    assert group_batch(chosen, as_batch([stay])).column("drg").to_pylist() == [told.drg]
    return told.drg


def test_codes_are_added_and_removed(tmp_path: Path, base: Path) -> None:
    local, report = build(
        tmp_path,
        base,
        """
  - {add: [G43.000, G43.100], to: BR1 pdx, reason: clause 3}
  - {add: [G43.000], to: MDC B}
  - {add: [S22.100], to: MDC Z trunk}
  - {remove: [G41.000], from: BR1 pdx}
  - {add: [I10.x00], to: CC 1}
  - {add: [R57.100], to: MCC}
  - {add: [B20.000], to: exclusion 2}
  - {remove: [45.1300], from: operation}
""",
    )
    assert drg(local, dx=["G43.000"], age=30) == "BR15"
    assert drg(local, dx=["G41.000", "I10.x00"], age=30) == "BS19"
    assert (local.cc["I10.x00"], local.mcc["R57.100"], local.exclusion["B20.000"]) == ("1", "", "2")
    assert "45.1300" not in local.operation
    assert report.moved.rows == {
        "mdc_dx": (2, 0, 0), "adrg_code": (2, 1, 0), "cc": (1, 0, 0), "mcc": (1, 0, 0), "exclusion": (1, 0, 0),
        "operation": (0, 1, 0),
    }  # fmt: skip
    assert (report.base, report.changes) == ("small-1", 8)


def test_a_group_is_added_with_rule_and_lists(tmp_path: Path, base: Path) -> None:
    local, report = build(
        tmp_path,
        base,
        """
  - group: BC1
    mdc: B
    name: 新技术
    kind: surgical
    rule: pdx & proc>=2
    before: BB1
    lists: {pdx: BR1 pdx, proc: [01.2400, 01.3900]}
    drgs:
      BC10: {name: 新技术，儿童, split: age<17}
      BC15: {name: 新技术, split: "!(age<17)"}
""",
    )
    assert [a.code for a in local.adrgs_of["B"]] == ["BC1", "BB1", "BR1", "BS1"]
    assert drg(local, dx=["G41.000"], proc=["01.2400", "01.3900"], age=3) == "BC10"
    assert drg(local, dx=["G41.000"], proc=["01.2400"], age=3) == "BB15"
    assert report.moved.new == ("BC1", "BC10", "BC15")


def test_groups_are_merged_split_dropped_moved_and_renamed(tmp_path: Path, base: Path) -> None:
    local, report = build(
        tmp_path,
        base,
        """
  - {merge: BB1, into: BR1}
  - {merge: [ZZ11, ZZ15], into: ZZ19, name: 创伤}
  - split: MR1
    into: {MR11: {name: 前列腺伴MCC, split: mcc}, MR15: {name: 前列腺, split: no_mcc}}
  - {drop: ZB1}
  - {move: BS1, before: BR1}
  - {rename: BR10, name: 癫痫，儿童}
  - {rule: Z, becomes: sites>=2}
""",
    )
    texts = {a.code: a.rule_text for a in local.adrgs}
    assert texts["BR1"] == "pdx | (pdx1 & (proc1 | pproc1))"
    assert [a.code for a in local.adrgs_of["B"]] == ["BS1", "BR1"]
    assert drg(local, dx=["G41.000"], proc=["01.2400"], age=3) == "BR10"
    assert {d.code: d.split_text for d in local.drgs}["ZZ19"] == "always"
    assert drg(local, dx=["I10.x00", "S06.000", "S22.000"]) == "ZZ19"
    assert drg(local, dx=["N40.000", "R57.000"], sex="male") == "MR11"
    assert set(report.moved.gone) >= {"BB1", "BB11", "ZB1", "ZZ11", "ZZ15", "MR19"}
    assert report.moved.renamed == (("BR10", "癫痫儿童", "癫痫，儿童"),)


def test_merged_splits_are_written_in_the_fewest_words(tmp_path: Path, base: Path) -> None:
    local, _ = build(
        tmp_path, base, "  - {merge: [BB11, BB13], into: BB11}\n  - {merge: [BR13, BR15], into: BR19, name: 成人}\n"
    )
    splits = {d.code: (d.name, d.split_text) for d in local.drgs}
    assert splits["BB11"] == ("开颅伴MCC", "mcc_or_cc")
    assert splits["BR19"] == ("成人", "(age>=17 & mcc_or_cc) | (age>=17 & none)")


def test_a_split_brings_the_lists_it_names(tmp_path: Path, base: Path) -> None:
    local, _ = build(
        tmp_path,
        base,
        """
  - split: MR1
    lists: {proc: [01.2400]}
    into: {MR11: {name: 伴开颅, split: proc}, MR15: {name: 不伴开颅, split: "!proc"}}
""",
    )
    assert {a.code: a.lists for a in local.adrgs}["MR1"]["proc"] == {"01.2400"}
    split = {d.code: d.split_text for d in local.drgs_of["MR1"]}
    assert split == {"MR11": "proc", "MR15": "!proc"}
    assert drg(local, dx=["N40.000"], sex="male") == "MR15"


def test_a_new_rule_drops_the_lists_it_no_longer_names(tmp_path: Path, base: Path) -> None:
    local, _ = build(tmp_path, base, "  - {rule: BB1, becomes: pdx & pproc3, lists: {pproc3: [01.2400]}}\n")
    assert {a.code: sorted(a.lists) for a in local.adrgs}["BB1"] == ["pdx", "pproc3"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("{add: [G40.000], to: BR1 pdx}", "line 6 «G40.000»: this change does nothing: the code is there already"),
        ("{add: [G40.00], to: BR1 pdx}", "line 6 «G40.00»: there is no such code  → nearest: G40"),
        ("{add: [G43.000], to: BR2 pdx}", "line 6 «BR2»: there is no such code  → nearest: BR1"),
        ("{add: [G43.000], to: BR1 pdx1}", "line 6 «pdx1»: there is no such list  → nearest: pdx"),
        ("{add: [G43.000], to: MDC C}", "line 6 «C»: there is no such code"),
        ("{add: [S22.100], to: MDC Z leg}", "line 6 «leg»: there is no such site or list"),
        ("{add: [I10.x00], to: CC 7}", "line 6 «7»: there is no such exclusion table"),
        ("{add: [I10.x00], to: exclusion}", "the number of the table is missing"),
        ("{remove: [G43.000], from: BR1 pdx}", "line 6 «G43.000»: there is no such code in that list"),
        ("{rename: BR1, name: 癫痫}", "the name stays the same"),
        ("{rename: BR1}", "line 6 «name»: name is missing"),
        ("{rename: BR1, nam: x}", "line 6 «nam»: there is no such key  → nearest: name"),
        ("{renam: BR1, name: x}", "there is no such change  → nearest: rename"),
        ("{move: BS1, after: BR1}", "the order stays the same"),
        ("{move: BS1}", "one of before and after is wanted"),
        ("{move: BS1, after: AA1}", "there is no such code in that scope"),
        ("{merge: BR1, into: BR1}", "merged into itself"),
        ("{merge: [BR13, BS19], into: BR13}", "two or more DRG of one ADRG are wanted"),
        ("{merge: [BR13, BR15], into: BR19}", "the new group lacks a name"),
        ("{rule: BS1, becomes: odx}", "the rule is the same as before"),
        ("{rule: BS1, becomes: odx &}", "adrg «BS1»: the rule cannot be read"),
        ("{rule: M, becomes: pdx, lists: {pdx: [N40.000]}}", "the codes of an MDC are changed by add and remove"),
        ("{split: BS1, into: {BS19: {name: 其他, split: always}}}", "the split is the same as before"),
        ("{split: BS1, into: {BS11: {name: a, split: mcc}}}", "drg «BS1»: leaves a gap"),
        ("{group: BB1, mdc: B}", "that ADRG is there already"),
        ("{group: BX1, mdc: B, kind: surgery}", "there is no such kind  → nearest: surgical"),
        ("{drop: BR1, because: no}", "there is no such key"),
        ("[drop]", "keys and values are wanted"),
        ("{drop: [BR1]}", "a single value is wanted here"),
    ],
)
def test_a_change_that_is_wrong_or_idle_is_named_with_its_line(
    tmp_path: Path, base: Path, change: str, says: str
) -> None:
    with pytest.raises(DrgpayError) as caught:
        build(tmp_path, base, f"  - {change}\n")
    assert caught.value.kind is Kind.SCHEME
    assert says in caught.value.en
    assert not (tmp_path / "built" / "local-1").exists()


def test_all_mistakes_are_listed_at_once(tmp_path: Path, base: Path) -> None:
    with pytest.raises(DrgpayError) as caught:
        build(tmp_path, base, "  - {drop: BR9}\n  - {drop: BR8}\n")
    assert "line 6 «BR9»" in caught.value.en
    assert "line 7 «BR8»" in caught.value.en


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("id: local-1", "id: chs-drg-1.1", "this id cannot be used"),
        ("id: local-1", "id: Local 1", "this id cannot be used"),
        ("base: small-1", "base: small-2", "there is no scheme «small-2»"),
        ("base: small-1", "base: small-1\nbase_digest: 0123456789", "the base's digest is"),
        ("document: ", "documents: ", "there is no such key  → nearest: document"),
        ("title: 本地方案\n", "", "title is missing"),
        ("changes:\n", "changes:\n  - &a {drop: BR1}\n  - *a\n", "aliases and tags are not allowed"),
        ("title: 本地方案", "title: 本地方案\ntitle: 又", "title is given twice"),
        ("title: 本地方案", "title: 本地方案\n? [a, b]\n: c", "a key must be text"),
        ("title: 本地方案", "title: [", "not YAML"),
    ],
)
def test_a_wrong_head_is_named(tmp_path: Path, base: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(DrgpayError) as caught:
        build(tmp_path, base, "  - {drop: BS1}\n", HEAD.replace(old, new))
    assert says in caught.value.en


def test_the_digest_of_the_base_is_checked_and_kept(tmp_path: Path, base: Path) -> None:
    digest = scheme.load("small-1", folder=base).digest
    head = HEAD.replace("base: small-1", f"base: small-1\nbase_digest: {digest[:12]}")
    _, report = build(tmp_path, base, "  - {drop: BS1}\n", head)
    entry = next(e for e in scheme.catalogue(tmp_path / "built") if e.id == "local-1")
    assert (entry.base, entry.digest, entry.counts["adrg"]) == ("small-1", report.build.digest, 6)


def test_the_shipped_errata_of_1_1(tmp_path: Path) -> None:
    report = scheme.build_overlay(scheme.overlay_file("chs-drg-1.1-errata"), tmp_path)
    assert report.moved.rows == {"mdc_dx": (100, 0, 0), "adrg": (0, 0, 1), "adrg_code": (34, 29, 0)}
    printed, mended = scheme.load("chs-drg-1.1"), scheme.load("chs-drg-1.1-errata", folder=tmp_path)
    burn = {"dx": ["T20.100"], "age": 40}
    assert explain_stay(printed, burn).drg == "0000"
    assert drg(mended, **burn).startswith("W")
    told = scheme.compare(printed, mended)
    assert sum(len(d.added) for d in told if d.key != "OR1 odx") == 105
    assert [(d.key, d.before, d.after) for d in told if d.what == "rule"] == [("OR1", "O: pdx", "O: odx")]
    # the file and the switch are the same corrections, and the scheme made of the file has none left to suggest
    assert scheme.compare(mended, scheme.load("chs-drg-1.1", frozenset({"errata"}))) == []
    assert (len(printed.errata), mended.errata) == (164, ())


def test_kernel_equals_reference_on_an_overlay(tmp_path: Path, base: Path) -> None:
    local, _ = build(
        tmp_path,
        base,
        "  - {merge: BB1, into: BR1}\n  - {rule: ZZ1, becomes: '!oproc & !any_cc', lists: {oproc: [01.2400]}}\n",
    )
    stays = StayMaker(local, seed=7).many(400)
    want = [explain_stay(local, stay).drg for stay in stays]
    assert group_batch(local, as_batch(stays)).column("drg").to_pylist() == want


def test_every_difference_is_told(tmp_path: Path, base: Path) -> None:
    small = scheme.load("small-1", folder=base)
    local, _ = build(
        tmp_path,
        base,
        """
  - {move: BS1, before: BB1}
  - {rename: BR1, name: 癫痫病}
  - {drop: ZB1}
  - {split: MR1, into: {MR19: {name: 前列腺, split: "true"}}}
  - {add: [I10.x00], to: CC 1}
  - {add: [B20.000], to: exclusion 1}
  - {rule: Z, becomes: sites>=2}
""",
    )
    told = {(d.part, d.key, d.what): d for d in scheme.compare(small, local)}
    assert told.keys() >= {
        ("adrg", "BS1", "order"), ("adrg", "BR1", "name"), ("adrg", "ZB1", "only_a"), ("drg", "ZB19", "only_a"),
        ("severity", "CC", "codes"), ("exclusion", "J96.000", "codes"), ("mdc", "Z", "rule"),
    }  # fmt: skip
    assert not any(key[1] == "MR19" for key in told), "true and always are one tree"
    assert told["adrg", "BS1", "order"].en == "ADRG BS1: another place in the order «B 3» → «B 1»"
    assert told["severity", "CC", "codes"].zh == "并发症 CC: 编码不同 +1 −0"
    assert scheme.compare(small, small) == []
    assert [d.what for d in scheme.compare(local, small) if d.key == "ZB1"] == ["only_b"]


@pytest.mark.parametrize("number", range(16))
def test_every_set_of_standings_has_words(number: int) -> None:
    levels = frozenset(s for s in range(4) if number >> s & 1)
    tree = rules.severity(levels)
    assert {s for s in range(4) if rules.holds_for(rules.parse(rules.show(tree), "split"), s)} == levels


def test_stays_that_change_group_are_counted_with_their_cost(tmp_path: Path, base: Path) -> None:
    small = scheme.load("small-1", folder=base)
    local, _ = build(tmp_path, base, "  - {merge: [BR13, BR15], into: BR19, name: 成人}\n")
    batch = as_batch([{"dx": ["G40.000"], "age": age} for age in (3, 30, 40, 50)])
    batch = batch.append_column("stay_id", pa.array(["a", "b", "c", "d"]))
    batch = batch.append_column("total_cost", pa.array([100, 200, 301, 100], pa.int64()))
    counts = []
    for part in (batch.slice(0, 2), batch.slice(2)):
        pairs = paired_groups(part, group_batch(small, part), group_batch(local, part))
        counts.append(count_transitions(pairs))
    assert pairs.rows() == [("c", "BR15", "BR19", 301), ("d", "BR15", "BR19", 100)]
    whole = all_transitions(counts)
    assert whole.rows() == [("BR10", "BR10", 1, 100), ("BR15", "BR19", 3, 601)]
    # 601 fen of three stays: 200.33, rounded half up
    assert groups_before_after(whole).select("drg", "n_a", "mean_a", "n_b", "mean_b").rows() == [
        ("BR10", 1, 100, 1, 100),
        ("BR15", 3, 200, 0, None),
        ("BR19", 0, None, 3, 200),
    ]
    free = count_transitions(paired_groups(batch.drop_columns(["total_cost"]), *(group_batch(small, batch),) * 2))
    assert groups_before_after(free).columns == ["drg", "n_a", "n_b"]


def test_a_run_finds_a_local_scheme(tmp_path: Path, small_region: Path) -> None:
    scheme.build_overlay(scheme.overlay_file("chs-drg-1.1-errata"), tmp_path / "own")
    text, _ = practice_text("demo")
    assert text.count("scheme: chs-drg-1.1\n") == 1
    practice = tmp_path / "local.yaml"
    practice.write_text(text.replace("scheme: chs-drg-1.1\n", "scheme: chs-drg-1.1-errata\n"), encoding="utf-8")
    with pytest.raises(DrgpayError, match="there is no scheme"):
        run(Order(small_region, str(practice), 2024, 1), tmp_path / "no", usual(1))
    order = Order(small_region, str(practice), 2024, 1, schemes=tmp_path / "own")
    out = run(order, tmp_path / "run", usual(2))
    assert read_manifest(out)["scheme"] == "chs-drg-1.1-errata"
    sections, _ = explain_of_run(out, first_stay(out), tmp_path / "own")
    assert sections


def drgpay(home: Path, *words: object) -> Result:
    """The command line with its data folder in ``home``; names of files are of that folder."""
    said = [str(home / str(w)) if str(w).endswith((".csv", ".xlsx", ".yaml")) else str(w) for w in words]
    return CliRunner().invoke(app, said, env={"XDG_DATA_HOME": str(home)})


def test_the_command_line_builds_lists_groups_and_compares(tmp_path: Path, base: Path) -> None:
    (tmp_path / "local.yaml").write_text(HEAD + "  - {add: [G43.000], to: MDC B}\n", encoding="utf-8")
    (tmp_path / "stays.csv").write_text(
        "病例号,性别,年龄,诊断\n一,男,30,G40.000\n二,男,30,G43.000|I10.x00\n", encoding="utf-8"
    )
    built = drgpay(tmp_path, "scheme", "build", "local.yaml", "--schemes", base, "--to", tmp_path / "drgpay/schemes")
    assert built.exit_code == 0, built.output
    assert "mdc_dx: +1 −0" in built.stdout
    assert "local-1" in drgpay(tmp_path, "scheme", "list").stdout
    grouped = drgpay(tmp_path, "group", "stays.csv", "--scheme", "local-1")
    assert "二,B,BS1,BS19" in grouped.stdout
    assert drgpay(tmp_path, "group", "stays.csv", "--scheme", "small-1").exception.kind is Kind.SCHEME
    scheme.build(small_scheme.write(tmp_path / "source"), tmp_path / "drgpay/schemes")
    told = drgpay(tmp_path, "scheme", "diff", "small-1", "local-1", "--stays", "stays.csv", "--lang", "en")
    assert "MDC B: other codes +1 −0" in told.stdout
    assert "1 keep their group (50%), 1 change it" in told.stdout
    report = drgpay(tmp_path, "scheme", "diff", "small-1", "local-1", "--stays", "stays.csv", "-o", "d.xlsx")
    assert report.exit_code == 0, report.output
    book = openpyxl.load_workbook(tmp_path / "d.xlsx")
    assert book.sheetnames == ["differences", "stays", "transitions", "groups"]
    assert [cell.value for cell in book["stays"][2]] == ["二", "0000", "BS19"]
    drgpay(tmp_path, "scheme", "diff", "small-1", "local-1", "--stays", "stays.csv", "-o", "d.csv")
    with (tmp_path / "d.groups.csv").open(encoding="utf-8-sig") as stream:
        assert [row[0] for row in csv.reader(stream)] == ["病组", "0000", "BR15", "BS19"]
    assert pl.read_csv(tmp_path / "d.csv").height == 1
    assert not list(tmp_path.glob(".*"))
    assert drgpay(tmp_path, "scheme", "diff", "small-1", "local-1", "-o", "d.doc").exit_code == Kind.USAGE
    assert drgpay(tmp_path, "scheme", "diff", "small-1", "local-1", "--cost").exit_code == Kind.USAGE

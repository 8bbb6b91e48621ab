"""``drgpay oversee`` as a bureau uses it: the list, the workbooks, an alert, reviews, audits, the bench."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pyarrow.parquet as pq
import pytest

from drgpay import runs
from drgpay.cli import app
from drgpay.engine import dataset, read_table
from drgpay.errors import DrgpayError
from drgpay.runs.oversight_inputs import Inputs
from drgpay.runs.oversight_seen import hide_evidence, hide_id, hide_related
from drgpay.runs.region import read_region
from drgpay.runs.register_files import write_register
from drgpay.samples import make_region
from drgpay.tables import (
    ALERTS,
    CHEATS,
    GROUPED,
    OVERSIGHT_TABLES,
    REVIEWS,
    RULE_STATUS,
    SECOND_CODINGS,
    STAY_DECISIONS,
    SUSPICIONS,
    VIOLATIONS,
)
from support.command import PROGRAM, CliRunner
from support.engines import usual


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labelled") / "region"
    make_region(folder, stays=6_000, seed=9, institutions=8, violations=dict.fromkeys(CHEATS, 0.01))
    return folder


@pytest.fixture(scope="module")
def settled(labelled: Path) -> Path:
    return runs.run(runs.Order(labelled, "demo", 2024), labelled.with_name("run"), usual(2))


@pytest.fixture(scope="module")
def seen(labelled: Path, settled: Path) -> Path:
    out = labelled.with_name("look")
    done = CliRunner().invoke(
        app, ["oversee", str(settled), "--region", str(labelled), "-o", str(out), "--lang", "en"]
    )
    assert done.exit_code == 0, done.output
    assert "unclear (ask for the record) in" in done.output
    assert "lacks complaints, confirmed" in done.output.replace("\n", "")
    return out


def test_every_table_is_there_and_as_declared(seen: Path) -> None:
    for table in OVERSIGHT_TABLES:
        table.check(pq.read_table(seen / "tables" / f"{table.name}.parquet", schema=table.schema))
    kinds = set(read_table(seen / "tables", SUSPICIONS)["violation"])
    assert {"splitting", "hang_bed", "cost_shifting", "fraud", "examination_admission", "refusal"} <= kinds


def test_the_same_bytes_on_any_number_of_threads(labelled: Path, settled: Path, seen: Path, tmp_path: Path) -> None:
    for threads in (1, 3):
        out = tmp_path / f"look-{threads}"
        runs.oversee(settled, labelled, out, usual(threads))
        for table in OVERSIGHT_TABLES:
            name = f"tables/{table.name}.parquet"
            assert (out / name).read_bytes() == (seen / name).read_bytes(), name


def test_no_person_is_named_unless_asked(labelled: Path, settled: Path, seen: Path, tmp_path: Path) -> None:
    persons = set(pl.read_parquet(labelled / "persons" / "*.parquet", columns=["person_id"])["person_id"])
    assert read_table(seen / "tables", SUSPICIONS)["person_id"].null_count() > 0
    page = (seen / "oversight.html").read_text(encoding="utf-8")
    body = page.split("<script")[0]
    assert not any(p in body for p in persons)
    for path in [seen / "oversight.xlsx", *sorted((seen / "institutions").glob("*.xlsx"))]:
        book = openpyxl.load_workbook(path, read_only=True)
        cells = {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
        assert not cells & persons, path.name
        book.close()
    runs.oversee(settled, labelled, tmp_path / "named", usual(2), with_persons=True)
    assert set(read_table(tmp_path / "named" / "tables", SUSPICIONS)["person_id"].drop_nulls()) <= persons


def test_a_hospital_receives_its_own_rows(seen: Path) -> None:
    path = sorted((seen / "institutions").glob("*.xlsx"))[0]
    book = openpyxl.load_workbook(path, read_only=True)
    sheet = book["Suspicions"]
    head, *rows = sheet.iter_rows(values_only=True)
    place = head.index("Institution ID")
    assert {row[place] for row in rows} <= {path.stem}
    assert "Audit sample" not in book.sheetnames
    book.close()


def test_a_suspicion_and_an_alert_explain_themselves(seen: Path) -> None:
    name = read_table(seen / "tables", SUSPICIONS).filter(pl.col("rule") == "HB1")["suspicion_id"][0]
    told = CliRunner().invoke(app, ["oversee", "explain", str(seen), name, "--lang", "en"])
    assert told.exit_code == 0
    for words in (
        "hanging bed (Zhejiang, evaluation of DRG",
        "§5(6))",
        "charges, charge date",
        "at stake",
        "may be innocent",
    ):
        assert words in told.output
    alert = read_table(seen / "tables", ALERTS)["alert_id"][0]
    told = CliRunner().invoke(app, ["oversee", "explain", str(seen), alert])
    assert told.exit_code == 0
    assert "处置" in told.output
    with pytest.raises(DrgpayError, match="no such suspicion"):
        runs.tell_suspicion(seen, "SP1/nothing")


def test_an_alert_is_followed_and_stays_so(labelled: Path, settled: Path, seen: Path, tmp_path: Path) -> None:
    region = tmp_path / "region"
    shutil.copytree(labelled, region)
    alert = read_table(seen / "tables", ALERTS)["alert_id"][0]

    def move(to: str) -> object:
        args = [
            "oversee",
            "alert",
            str(seen),
            alert,
            "--region",
            str(region),
            "--to",
            to,
            "--by",
            "office",
            "--note",
            "n",
            "--on",
            "2025-01-09",
        ]
        return CliRunner().invoke(app, args)

    assert "raised → acknowledged" in move("acknowledged").output  # type: ignore[attr-defined]
    assert "cannot become closed" in str(move("closed").exception)  # type: ignore[attr-defined]
    assert "acknowledged → explained" in move("explained").output  # type: ignore[attr-defined]
    with (region / "alert_events.csv").open(encoding="utf-8-sig") as stream:
        assert [row["state"] for row in csv.DictReader(stream)] == ["acknowledged", "explained"]
    runs.oversee(settled, region, tmp_path / "again", usual(2))
    states = dict(read_table(tmp_path / "again" / "tables", ALERTS).select("alert_id", "state").rows())
    assert states[alert] == "explained"


@pytest.mark.slow
def test_reviews_become_registers_a_settlement_reads(
    labelled: Path, settled: Path, seen: Path, tmp_path: Path
) -> None:
    found = read_table(seen / "tables", SUSPICIONS).filter(pl.col("amount") > 0).sort("suspicion_id")
    taken = found.filter(pl.col("rule") == "SP1")["suspicion_id"][0]
    refused = found.filter(pl.col("rule") == "HB1")["suspicion_id"][0]
    dropped = found.filter(pl.col("rule") == "EX1")["suspicion_id"][0]
    reviews = tmp_path / "reviews.csv"
    reviews.write_text(
        "suspicion_id,decision,reason,reviewer,on,treatment,amount,damages_multiple,points,publish\n"
        f"{taken},confirm,one illness,R1,2025-02-01,damages,,2,4,true\n"
        f"{refused},confirm,empty bed,R1,2025-02-01,refuse,,,6,false\n"
        f"{dropped},dismiss,indicated,R1,2025-02-01,,,,,\n",
        encoding="utf-8",
    )
    done = CliRunner().invoke(app, ["oversee", "review", str(seen), str(reviews), "-o", str(tmp_path / "proposal")])
    assert done.exit_code == 0, done.output
    assert "违约金" in done.output
    region = tmp_path / "region"
    shutil.copytree(labelled, region)
    shutil.copy(reviews, region / "reviews.csv")
    for table in (VIOLATIONS, STAY_DECISIONS):
        shutil.copy(tmp_path / "proposal" / f"{table.name}.csv", region / f"{table.name}.csv")
    again = runs.run(runs.Order(region, "demo", 2024), tmp_path / "again", usual(2))
    amount = found.filter(pl.col("suspicion_id") == taken)["amount"][0]
    ledger = (again / "ledger.jsonl").read_text(encoding="utf-8")
    assert ledger.count('"violation_recovered"') == 1
    assert f'"amount": {2 * amount}' in ledger or f'"amount":{2 * amount}' in ledger
    runs.oversee(again, region, tmp_path / "later", usual(2))
    states = dict(read_table(tmp_path / "later" / "tables", SUSPICIONS).select("suspicion_id", "state").rows())
    assert states[taken] == "confirmed"
    assert states[dropped] == "dismissed"
    done = CliRunner().invoke(app, ["oversee", "review", str(seen), str(reviews), "-o", str(tmp_path / "proposal")])
    assert "the output folder exists" in str(done.exception)


def test_a_second_coding_is_blind_and_compared(labelled: Path, settled: Path, seen: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "second_codings.csv"
    assert CliRunner().invoke(app, ["oversee", "audit", str(seen), "-o", str(sheet)]).exit_code == 0
    with sheet.open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    assert all(not row["dx"] and not row["proc"] for row in rows)
    region = tmp_path / "region"
    shutil.copytree(labelled, region)
    lines = [f"{row['stay_id']},C2,J18.900,\n" for row in rows[:20]]
    (region / "second_codings.csv").write_text("stay_id,coder,dx,proc\n" + "".join(lines), encoding="utf-8")
    runs.oversee(settled, region, tmp_path / "again", usual(2))
    results = pl.read_parquet(tmp_path / "again" / "tables" / "audit_results.parquet")
    assert results.height == 20
    assert "arbitrate" in set(results["outcome"].cast(pl.String))
    agreement = pl.read_parquet(tmp_path / "again" / "tables" / "audit_agreement.parquet")
    assert agreement.filter(pl.col("scope").cast(pl.String) == "all")["n"][0] == 20
    (region / "second_codings.csv").write_text("stay_id,coder,dx,proc\nNOBODY,C2,J18.900,\n", encoding="utf-8")
    with pytest.raises(DrgpayError, match="neither this run nor the region has"):
        runs.oversee(settled, region, tmp_path / "bad", usual(2))
    assert not (tmp_path / "bad").exists()


def test_the_bench_measures(labelled: Path, settled: Path, seen: Path) -> None:
    found = runs.bench(seen, labelled, settled)
    types, rules, forms = found.types, found.rules, found.forms
    by = {s.name: s for s in types}
    for name in ("hang_bed", "fraud", "refusal"):
        assert by[name].right * 10 >= by[name].found * 7, name
        assert by[name].caught * 10 >= by[name].labels * 7, name
    assert all(0 <= s.right <= s.found and 0 <= s.caught <= s.labels for s in (*types, *rules))
    assert sum(s.labels for s in forms) == sum(s.labels for s in types)
    assert all(s.caught <= s.labels for s in forms)


def test_labels_made_elsewhere_are_read(labelled: Path, settled: Path, seen: Path, tmp_path: Path) -> None:
    """Only stay and type must be there; one column may hold stays and visits alike."""
    truth = pl.DataFrame(pq.read_table(labelled / "truth" / "violations.parquet"))
    both = pl.concat_list(
        pl.col(c).cast(pl.List(pl.String)).fill_null([]) for c in ("related_stays", "related_visits")
    )
    plain = truth.filter(pl.col("stay_id").is_not_null()).select(
        "stay_id", pl.col("violation").cast(pl.String), both.alias("related")
    )
    other = tmp_path / "other"
    (other / "truth").mkdir(parents=True)
    plain.write_parquet(other / "truth" / "violations.parquet")
    found = runs.bench(seen, other, settled)
    by = {s.name: s for s in found.types}
    assert by["hang_bed"].caught > 0
    assert all(s.right + s.beside <= s.found for s in found.types)
    touched = found.confusion.filter(pl.col("violation") == pl.col("labelled"))
    assert {s.name: s.right for s in found.types if s.right} == dict(
        touched.group_by("violation").agg(pl.col("count").sum()).rows()
    )
    assert found.top.filter(pl.col("right") > pl.col("found")).is_empty()
    shown = CliRunner().invoke(app, ["oversee", "bench", str(labelled), "--lang", "en"])
    assert shown.exit_code == 0
    assert "confusion" in shown.output
    assert "top" in shown.output


def test_a_region_without_anything_but_stays_says_what_is_missing(
    small_region: Path, small_run: Path, tmp_path: Path
) -> None:
    runs.oversee(small_run, small_region, tmp_path / "look", usual(2))
    status = {r["rule"]: r for r in read_table(tmp_path / "look" / "tables", RULE_STATUS).to_dicts()}
    assert status["CS1"]["status"] == "missing"
    assert "visits.visit_date" in status["CS1"]["missing"]
    assert status["SP1"]["status"] == "ran"
    with pytest.raises(DrgpayError, match="not labelled"):
        runs.bench(tmp_path / "look", small_region, small_run)


def test_wrong_folders_and_limits_are_told(small_region: Path, small_run: Path, tmp_path: Path) -> None:
    with pytest.raises(DrgpayError, match="no run here"):
        runs.oversee(small_region, small_region, tmp_path / "x", usual(1))
    (tmp_path / "there").mkdir()
    with pytest.raises(DrgpayError, match="the output folder exists"):
        runs.oversee(small_run, small_region, tmp_path / "there", usual(1))
    with pytest.raises(DrgpayError, match="no result of oversight"):
        runs.tell_suspicion(small_run, "x")
    listed = CliRunner().invoke(app, ["oversee", "limits", "--lang", "en"])
    assert "splitting.gap_days" in listed.output
    bad = tmp_path / "bad.yaml"
    shown = CliRunner().invoke(app, ["policy", "export", "demo", "-o", str(bad)])
    assert shown.exit_code == 0
    text = bad.read_text(encoding="utf-8").replace(
        "      points.scale:", "      oversight.limits: {splitting.gap_day: 10}\n      points.scale:", 1
    )
    bad.write_text(text, encoding="utf-8")
    wrong = CliRunner().invoke(app, ["oversee", "limits", "--policy", str(bad)])
    assert "did you mean splitting.gap_days" in str(wrong.exception)
    bad.write_text(text.replace("gap_day:", "gap_days:"), encoding="utf-8")
    good = CliRunner().invoke(app, ["oversee", "limits", "--policy", str(bad), "--lang", "en"])
    assert "10 " in good.output


def test_an_institution_sees_no_other_ones_stays_or_dates(labelled: Path, settled: Path, seen: Path) -> None:
    owner = dict(
        pl.read_parquet(settled / "tables" / "grouped" / "*.parquet").select("stay_id", "institution_id").rows()
    )
    named = 0
    for book in sorted((seen / "institutions").glob("*.xlsx")):
        house, text = book.stem, ""
        for sheet in openpyxl.load_workbook(book, read_only=True):
            for row in sheet.iter_rows(values_only=True):
                text += " ".join(str(value) for value in row if value is not None) + "\n"
        words = set(re.split(r"[\s|,;/]+", text))
        foreign = {word for word in words if word in owner and owner[word] != house}
        assert not foreign, (house, sorted(foreign)[:3])
        named += sum(word in owner for word in words)
        others = set(owner.values()) - {house}
        assert not words & others
    assert named > 20, "its own stays are named"


def test_evidence_of_another_institution_is_hidden_with_its_dates() -> None:
    columns = {"suspicion_id": "s", "record": "", "value": "", "expected": ""}
    rows = [
        columns | {"record": "B1", "value": "2024-01-01 – 2024-01-05", "expected": "2024-01-03 – 2024-01-09"},
        columns | {"record": "A1", "value": "2024-01-03", "expected": "2024-01-01"},
        columns | {"suspicion_id": "t", "record": "A2", "value": "2024-02-02 H2", "expected": "2024-02-01"},
    ]
    shown = hide_evidence(pl.DataFrame(rows), frozenset({"A1", "A2", "H1"}), frozenset({"H2"})).rows()
    assert shown == [
        ("s", "***", "*** – ***", "*** – ***"),
        ("s", "A1", "2024-01-03", "***"),
        ("t", "A2", "2024-02-02 ***", "2024-02-01"),
    ]
    assert hide_id("SP6/A1/A2|B1", frozenset({"B1"})).startswith("SP6/A1/A2|***#")
    assert hide_id("SP6/A1/A2", frozenset({"B1"})) == "SP6/A1/A2"
    (row,) = hide_related(pl.DataFrame({"related": ["A1|B1"], "person_id": ["p"]}), frozenset({"A1"})).rows()
    assert row == ("A1|***", None)


def test_alerts_moved_at_once_by_real_programs_are_all_kept(seen: Path, tmp_path: Path) -> None:
    alerts = read_table(seen / "tables", ALERTS)["alert_id"].to_list()[:3]
    assert len(alerts) == 3
    words = ("--region", tmp_path, "--to", "acknowledged", "--by", "office", "--note", "seen", "--on", "2024-12-31")
    all_of_them = [
        subprocess.Popen([PROGRAM, "oversee", "alert", seen, name, *words], stdout=subprocess.DEVNULL)
        for name in alerts
    ]
    assert [program.wait(timeout=120) for program in all_of_them] == [0] * len(alerts)
    kept = pl.read_csv(tmp_path / "alert_events.csv")
    assert sorted(kept["alert_id"]) == sorted(alerts)
    assert [p.name for p in tmp_path.iterdir()] == ["alert_events.csv"]


def test_second_codings_of_stays_of_other_runs_are_left_out(labelled: Path, settled: Path, tmp_path: Path) -> None:
    """The register is kept look after look; what this run does not have is another's, what nobody has is wrong."""
    whole = dataset(settled / "tables", GROUPED)
    rows = pl.concat([pl.read_parquet(path) for path in whole.paths])
    gone, kept = rows["stay_id"][0], rows["stay_id"][1]
    part = tmp_path / "tables" / "grouped"
    part.mkdir(parents=True)
    rows.filter(pl.col("stay_id") != gone).write_parquet(part / "part-0.parquet")
    region = tmp_path / "region"
    shutil.copytree(labelled, region)
    register = region / "second_codings.csv"
    lines = "stay_id,coder,dx,proc\n" + "".join(f"{stay},C2,J18.900,\n" for stay in (gone, kept))
    register.write_text(lines, encoding="utf-8")
    (tmp_path / "work").mkdir()
    inputs = Inputs(read_region(region), tmp_path / "work", engine=usual(2))
    inputs.grouped = replace(whole, paths=(part / "part-0.parquet",))
    assert inputs.of_run(SECOND_CODINGS)["stay_id"].to_list() == [kept]
    register.write_text(lines + "NOBODY,C2,J18.900,\n", encoding="utf-8")
    with pytest.raises(DrgpayError, match="NOBODY"):
        inputs.of_run(SECOND_CODINGS)


def test_what_follows_from_a_review_is_what_a_region_takes(seen: Path, tmp_path: Path) -> None:
    """The door an office asks gives the rows that ``oversee review`` offers, and their sum."""
    rows = pl.read_parquet(seen / "tables" / "suspicions.parquet").filter(pl.col("stay_id").is_not_null())
    name = rows.filter(pl.col("amount") > 0)["suspicion_id"][0]
    review = dict.fromkeys(REVIEWS.names) | {
        "suspicion_id": name, "decision": "confirm", "reason": "属实", "reviewer": "b4", "on": date(2024, 4, 8),
        "treatment": "damages", "amount": 1001, "damages_multiple": 25_000, "points": 3,
    }  # fmt: skip
    found = runs.follow_up(seen, [review])
    assert (found.total, found.grave) == (1001 + 2503, False)
    register = tmp_path / "reviews.csv"
    write_register(register, REVIEWS, [review])
    runs.write_proposal(runs.propose_treatments(seen, register), tmp_path / "out", seen, register)
    offered = {one.register: [{n: row[n] for n in one.register.names} for row in one.rows]
               for one in runs.offers(tmp_path / "out") if one.origin.startswith("review/")}  # fmt: skip
    assert dict(found.rows) == offered
    assert VIOLATIONS in offered
    assert runs.follow_up(seen, [review | {"decision": "dismiss", "treatment": None}]).rows == []
    suspended = review | {"treatment": "suspend", "amount": None, "damages_multiple": None}
    assert runs.follow_up(seen, [suspended]).grave
    assert runs.leads_of(seen, ["NOWHERE"], seen.parent / "run", seen.parent / "region") == []

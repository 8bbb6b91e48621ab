"""Details of stays taken from front pages and settlement lists."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from drgpay.runs import read_region
from drgpay.steps import intake
from drgpay.tables import STAY_DETAILS
from support.formats import DATA, rows_of, write_csv


def details(path: Path, tmp_path: Path) -> list[dict[str, Any]]:
    done = intake.convert_rows([path], tmp_path / "work", STAY_DETAILS)
    assert [f for f in done.findings.to_pylist() if f["level"] == "error"] == []
    return [row for part in done.parts for row in pq.read_table(part).to_pylist()]


@pytest.mark.parametrize(("said", "planned"), [("1", False), ("2", True), ("", None)])
def test_a_front_page_gives_route_plan_fees_and_the_first_procedure(
    tmp_path: Path, said: str, planned: bool | None
) -> None:
    more = {"RYTJ": "1", "SFZZYJH": said, "SSJCZRQ1": "20240303", "SSJCZRQ2": "20240302", "institution_id": "h1"}
    path = write_csv(tmp_path / "a.csv", [row | more for row in rows_of("front-page-western.csv")])
    first = details(path, tmp_path)[0] | {"stay_id": "", "person_id": ""}
    assert first["institution_id"] == "h1"
    assert first["discharge_date"] == date(2024, 3, 6)
    assert (first["admission_route"], first["readmission_planned"]) == ("emergency", planned)
    assert first["first_procedure_date"] == date(2024, 3, 2)
    fees = {name: first[f"{name}_fee"] for name in ("nursing", "examination", "laboratory", "treatment", "surgery")}
    # 一般治疗操作 50 + 非手术治疗 80; 物理治疗 is contained in it, and 手术费 in 手术治疗费
    assert fees == {
        "nursing": 5_000,
        "examination": 20_000,
        "laboratory": 30_000,
        "treatment": 13_000,
        "surgery": 200_000,
    }
    assert (first["drug_fee"], first["material_fee"], first["bed_fee"]) == (70_000, 52_000, None)


def test_a_settlement_list_gives_fees_by_item_and_what_is_out_of_policy(tmp_path: Path) -> None:
    lists = json.loads((DATA / "settlement-list.json").read_text(encoding="utf-8"))["input"]["data"]
    one = lists[0]
    one["setlinfo"] |= {"adm_way": "2", "days_rinp_flag_31": "1", "psn_ownpay": "12.34"}
    one["iteminfo"] = [
        {"med_chrgitm": kind, "amt": amount}
        for kind, amount in (
            ("01", "100"),
            ("09", "50.50"),
            ("10", "9.50"),
            ("14", "7"),
            ("06", "2000"),
            ("09", "40"),
        )
    ]
    one["oprninfo"][0] |= {"oprn_oprt_date": "2024-03-04", "oper_dr_code": "D1"}
    path = tmp_path / "list.json"
    path.write_text(json.dumps([one]), encoding="utf-8")
    (row,) = details(path, tmp_path)
    assert (row["admission_route"], row["readmission_planned"]) == ("outpatient", True)
    assert (row["bed_fee"], row["drug_fee"], row["surgery_fee"], row["material_fee"]) == (
        10_000,
        10_000,
        200_000,
        None,
    )
    assert (row["out_of_policy"], row["first_procedure_date"], row["surgeon_id"]) == (1_234, date(2024, 3, 4), "D1")


def test_a_region_without_details_takes_those_of_its_settlement_lists(tmp_path: Path) -> None:
    folder = tmp_path / "region"
    (folder / "stays").mkdir(parents=True)
    (folder / "institutions.csv").write_text(
        "institution_id,name,level\nH43010000001,One,tertiary\n", encoding="utf-8"
    )
    (folder / "budgets.csv").write_text("year,insurance_scheme,revenue,drg_budget\n", encoding="utf-8")
    write_csv(folder / "stays" / "list.csv", rows_of("settlement-list.csv"))
    found = read_region(folder).table(STAY_DETAILS, tmp_path / "work")
    assert found is not None
    assert found.data.rows() == 2
    assert {"surgery_fee", "drug_fee"} <= found.brought
    assert "leave_days" not in found.brought

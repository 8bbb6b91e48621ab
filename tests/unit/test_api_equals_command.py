"""A stay given to the grouper of the library has the group, and the findings, that a file with it has."""

from __future__ import annotations

import csv
from typing import Any

import polars as pl
import pytest

from drgpay import Grouper
from support.command import drgpay

PLAIN = {"sex": "1", "age": "60", "age_days": "", "birth_weight": "", "los": "5", "dx": "J18.900", "proc": ""}
STAYS: list[dict[str, str]] = [
    PLAIN | changed
    for changed in (
        {},
        {"dx": "J18.9OO|E11.900"},
        {"dx": "J18。900"},
        {"dx": "Ｊ１８．９００"},
        {"dx": "J18900"},
        {"dx": "J18.900(肺炎)"},
        {"dx": "肺炎 J18.900"},
        {"dx": "І21.001|I10.x00×002"},
        {"dx": "160.900", "proc": "39.5101"},
        {"dx": "A17.000+|G01*"},
        {"dx": "I10.x00x002|A17.000+|G01*|M8000/3"},
        {"dx": "|J18.900"},
        {"dx": "E11.300"},
        {"dx": "K80.100x001", "proc": "51.23"},
        {"dx": "K80.100x001", "proc": "|51.2300"},
        {"dx": "K35.902", "proc": "47.O1"},
        {"dx": "K80.100x001", "proc": "51.2300腹腔镜下胆囊切除术"},
        {"dx": '="J18.900"'},
        {"dx": "'J18.900"},
        {"dx": "NULL"},
        {"dx": "-"},
        {"dx": "j18.900；e11.900"},
        {"dx": "A" * 5000},
        {"dx": "O82.000", "proc": "74.1X01", "sex": "2"},
        *(
            {"dx": "O82.000", "proc": "74.1x01", "sex": sex}
            for sex in ("女", "2.0", "02", "２", "2-女", "女(2)", "F", "female", "9", "", "未知")
        ),
        *({"sex": sex} for sex in ("男", "1.0", "1男", "男性", "M")),
        *({"age": age} for age in ("60岁", "60.0", "60Y", "６０", "60 岁", "60岁3月", "")),
        *(
            {"dx": "P22.000", "age": years, "age_days": days, "birth_weight": weight}
            for years in ("", "0", "0岁")
            for days, weight in (("5", "1800"), ("5天", "1800克"), ("0月5天", "1.8kg"), ("", ""))
        ),
        *(
            {"dx": "P22.000", "age": age, "birth_weight": "1800"}
            for age in ("5天", "1月", "0Y0M5D", "2个月3天", "10小时", "1岁2月", "13月")
        ),
        {"dx": "O82.000", "proc": "74.1x01", "sex": "2", "age": "30", "birth_weight": "2500/2600"},
        {"los": "5天"},
        {"los": "70.0"},
    )
]


@pytest.fixture(scope="module")
def by_command(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, ...]]:
    folder = tmp_path_factory.mktemp("same")
    with (folder / "s.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, ["stay_id", *PLAIN], delimiter="\t")
        rows.writeheader()
        rows.writerows({"stay_id": f"n{number}", **stay} for number, stay in enumerate(STAYS))
    done = drgpay("group", folder / "s.csv", "-o", folder / "g.csv", "--columns", "stay_id,mdc,adrg,drg,reason_code")
    assert done.returncode == 0, done.stderr
    with (folder / "g.csv").open(encoding="utf-8-sig") as file:
        found = {row["stay_id"]: row for row in csv.DictReader(file)}
    assert len(found) == len(STAYS), "a stay of the table was not grouped"
    return [tuple(found[f"n{n}"][name] for name in ("mdc", "adrg", "drg", "reason_code")) for n in range(len(STAYS))]


def _said(one: Any) -> tuple[str, ...]:
    return (one.mdc or "", one.adrg or "", one.drg, one.reason_code)


def test_one_stay_after_the_other(by_command: list[tuple[str, ...]]) -> None:
    grouper = Grouper()
    assert [(stay, _said(grouper.group(stay))) for stay in STAYS] == list(zip(STAYS, by_command, strict=True))


def test_lists_of_codes_and_many_at_once(by_command: list[tuple[str, ...]]) -> None:
    stays = [
        stay | {name: stay[name].replace("；", "|").split("|") if stay[name] else None for name in ("dx", "proc")}
        for stay in STAYS
    ]
    assert [_said(one) for one in Grouper().group(stays)] == by_command


def test_a_table_of_text(by_command: list[tuple[str, ...]]) -> None:
    table = Grouper().group(pl.DataFrame(STAYS))
    rows = table.select(pl.col("mdc", "adrg", "drg", "reason_code").fill_null("")).rows()
    assert rows == by_command


def test_groups_are_right_and_not_only_the_same(by_command: list[tuple[str, ...]]) -> None:
    drg = dict(zip((str(sorted(stay.items())) for stay in STAYS), (row[2] for row in by_command), strict=True))

    def of(**changed: str) -> str:
        return drg[str(sorted((PLAIN | changed).items()))]

    assert of(dx="J18。900") == of(dx="J18900") == of(dx='="J18.900"') == of(age="60岁") == of() != "0000"
    assert of(dx="K80.100x001", proc="51.23") == of(dx="K80.100x001", proc="51.2300腹腔镜下胆囊切除术") != "0000"
    newborn = of(dx="P22.000", age="", age_days="5", birth_weight="1800")
    assert newborn.startswith("P")
    assert newborn == of(dx="P22.000", age="5天", birth_weight="1800")
    assert newborn == of(dx="P22.000", age="0岁", age_days="5天", birth_weight="1800克")
    assert of(dx="|J18.900") == of(dx="NULL") == "0000"


def test_repairs_are_told_on_request() -> None:
    found = Grouper().findings({"dx": ["J18.9OO"], "proc": ["51.23"], "sex": "1", "age": "60岁"})
    assert [row["value"] for row in found if row["rule"] == "code_repaired"] == ["J18.9OO>J18.900", "51.23>51.2300"]

"""A survey of satisfaction: the answers of a form, or numbers somebody counted, as a result a region can take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drgpay import __version__
from drgpay.engine import frame, new_folder, write_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.manifest import TABLES, file_digest, write_manifest
from drgpay.runs.region import known_places, read_region, register_file
from drgpay.runs.register_files import write_register
from drgpay.runs.taking import Offered, Withheld, write_offers
from drgpay.steps import evaluation, intake
from drgpay.tables import (
    DEPARTMENTS,
    INSTITUTIONS,
    SATISFACTION,
    SATISFACTION_SURVEYS,
    SURVEY_ANSWERS,
    SURVEY_RESULTS,
)
from drgpay.units import ONE, show_percent

Row = dict[str, Any]
WARDS = "departments"
"""folder of the hospitals' own registers, one below it for each"""


@dataclass(frozen=True)
class Survey:
    """Files of answers, or of numbers by quarter and department; the region they speak of and the year; the scale of
    marks and the per cent of it from which an answer is a satisfied one, where they are not the usual ones."""

    files: Sequence[Path]
    region: Path
    year: int
    scale: int | None = None
    satisfied_from: int | None = None


@dataclass(frozen=True)
class Surveyed:
    """What came of it: rows of ``survey_results``, and how many answers are of other years."""

    results: list[Row]
    elsewhere: int


def survey(order: Survey, out: Path) -> Surveyed:
    """Count a survey into the new folder ``out``: table ``survey_results``, ``satisfaction_surveys.csv``, what a
    region takes of it (the register ``satisfaction_surveys``), and for every hospital ``departments/<id>/
    satisfaction.csv``, the register its performance reads. Raises DATA for what does not fit, and for one answer, or
    one quarter of a department, in two files."""
    region = read_region(order.region, needed=(INSTITUTIONS,))
    rule = evaluation.survey_rule()
    least = rule.satisfied_from if order.satisfied_from is None else order.satisfied_from * ONE // 100
    rule = replace(rule, scale=order.scale or rule.scale, satisfied_from=least)
    answers: list[Row] = []
    counted: list[Row] = []
    for path in order.files:
        if intake.holds_register(path, SATISFACTION_SURVEYS):
            found = intake.read_register(path, SATISFACTION_SURVEYS, known_places(order.region))
            counted += frame(found).to_dicts()
        else:
            answers += frame(intake.read_register(path, SURVEY_ANSWERS)).to_dicts()
    _once(order, answers, ("answer_id",))
    institutions = dict(region.registers[INSTITUTIONS].select("institution_id", "name").rows())
    rows, elsewhere = evaluation.survey_rows(answers, institutions, _departments(order.region), rule, order.year)
    elsewhere += sum(row["answers"] for row in counted if row["year"] != order.year)
    rows += [row for row in counted if row["year"] == order.year]
    _once(order, rows, SATISFACTION_SURVEYS.key)
    _possible(order, rows)
    results = evaluation.survey_results(rows, order.year)
    with new_folder(out) as draft:
        write_table(draft / TABLES, SURVEY_RESULTS, SURVEY_RESULTS.of(results))
        write_register(draft / f"{SATISFACTION_SURVEYS.name}.csv", SATISFACTION_SURVEYS, rows)
        for house in sorted({row["institution_id"] for row in rows}):
            mine = [
                r for r in rows if r["institution_id"] == house and r["department_id"] != evaluation.ALL_DEPARTMENTS
            ]
            if mine:
                (draft / WARDS / house).mkdir(parents=True)
                write_register(draft / WARDS / house / f"{SATISFACTION.name}.csv", SATISFACTION, mine)
        content = {
            "kind": "survey",
            "year": order.year,
            "region": region.identity,
            "software": f"drgpay {__version__}",
            "scale": rule.scale,
            "satisfied_from": show_percent(rule.satisfied_from),
            "elsewhere": elsewhere,
            "inputs": {path.name: file_digest(path) for path in order.files},
            **write_offers(draft, [Offered(SATISFACTION_SURVEYS, "survey", rows)], None if rows else _NOTHING),
        }
        write_manifest(draft, content)
    return Surveyed(results, elsewhere)


_NOTHING = Withheld(
    "没有本年度的答卷,不能接收", "no answer is of the year: there is nothing to take",
    "核对 --year 和答卷日期", "check --year and the days of the answers",
)  # fmt: skip


def _departments(region: Path) -> Mapping[str, Mapping[str, str]] | None:
    path = register_file(region, DEPARTMENTS)
    if path is None:
        return None
    found: dict[str, dict[str, str]] = {}
    for row in frame(intake.read_register(path, DEPARTMENTS, known_places(region))).iter_rows(named=True):
        found.setdefault(row["institution_id"], {})[row["department_id"]] = row["name"]
    return found


def _once(order: Survey, rows: Sequence[Row], key: Sequence[str]) -> None:
    """An answer, and a quarter of a department, counts once."""
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        one = tuple(row[name] for name in key)
        if one in seen:
            raise DrgpayError(
                Kind.DATA, zh="同一份答卷或同一科室同一季度出现两次,会重复计数",
                en="an answer, or a quarter of a department, is there twice and would count twice",
                file=", ".join(path.name for path in order.files), field=", ".join(key),
                value=" ".join(map(str, one)), fix_zh="只保留一次", fix_en="keep it once",
            )  # fmt: skip
        seen.add(one)


def _possible(order: Survey, rows: Sequence[Row]) -> None:
    """No more are satisfied than answered."""
    for row in rows:
        if row["satisfied"] > row["answers"]:
            raise DrgpayError(
                Kind.DATA, zh="满意数多于答卷数", en="more are satisfied than answered",
                file=", ".join(path.name for path in order.files), field="satisfied",
                value=f"{row['institution_id']} {row['department_id']} {row['satisfied']} > {row['answers']}",
                fix_zh="核对该行", fix_en="check the row",
            )  # fmt: skip

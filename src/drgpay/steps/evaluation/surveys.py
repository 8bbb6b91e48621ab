"""Satisfaction surveys: from answers of patients to numbers of answers and of satisfied ones, with intervals."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.notation import as_mapping, as_text, read_number, read_yaml
from drgpay.steps.evaluation.registry import registry
from drgpay.steps.evaluation.statistics import wilson
from drgpay.tables import SURVEY_ANSWERS
from drgpay.units import ONE, half_up

Row = dict[str, Any]
ALL_DEPARTMENTS = "all"
"""the department of answers that name none"""
_OF_FIVE = 5
"""the scale of the words"""
_LISTED = 20


@dataclass(frozen=True)
class SurveyRule:
    """How answers are read: ``scale``, the highest mark; ``satisfied_from``, share of it (1/10,000); ``words`` →
    marks of a scale of five."""

    scale: int
    satisfied_from: int
    words: Mapping[str, int]

    def satisfied(self, answer: str) -> bool | None:
        """Whether an answer is a satisfied one; None: it is neither a word nor a mark of the scale. Exact."""
        said = unicodedata.normalize("NFKC", answer).strip().removesuffix("分")
        if said in self.words:
            return self.words[said] * ONE >= self.satisfied_from * _OF_FIVE
        whole, _, part = said.partition(".")
        if not (whole.isascii() and whole.isdigit()) or (part and not (part.isascii() and part.isdigit())):
            return None
        mark = int(whole + part.ljust(4, "0")[:4])
        if len(part) > 4 or mark > self.scale * ONE:
            return None
        return mark * ONE >= self.satisfied_from * self.scale * ONE


@cache
def survey_rule() -> SurveyRule:
    """The shipped rule, ``data/indicators/survey.yaml``."""
    source = files("drgpay").joinpath("data", "indicators", "survey.yaml")
    document = read_yaml(source.read_text(encoding="utf-8"), source.name)
    place = document.place
    root = as_mapping(document.root, place, required=("scale", "satisfied_from", "source", "words"))
    words = as_mapping(root["words"], place.at("words"), optional=None)
    return SurveyRule(
        read_number(root["scale"], "integer", place.at("scale")),
        read_number(root["satisfied_from"], "ratio", place.at("satisfied_from")),
        {as_text(word, place): read_number(mark, "integer", place.at("words")) for word, mark in words.items()},
    )


def survey_rows(
    answers: Iterable[Row],
    institutions: Mapping[str, str],
    departments: Mapping[str, Mapping[str, str]] | None,
    rule: SurveyRule,
    year: int,
) -> tuple[list[Row], int]:
    """Rows of the register ``satisfaction_surveys``, and the number of answers of other years, which are left out.

    ``answers``: rows of ``survey_answers``; they may name institutions and departments by id or by name.
    ``institutions``: id → name; ``departments``: institution → id → name, None where no register keeps them (then
    departments are taken as they are written). Raises DATA, listing up to 20, for names nobody has and answers that
    are no word of the rule and no mark of its scale."""
    ids = _names(institutions)
    wards = None if departments is None else {h: _names(its) for h, its in departments.items()}
    counts: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0])
    faults: list[tuple[str, str, str]] = []
    elsewhere = 0
    for row in answers:
        house = ids.get(row["institution_id"])
        ward = row["department_id"] or ALL_DEPARTMENTS
        if wards is not None and house is not None and row["department_id"]:
            ward = wards.get(house, {}).get(row["department_id"], "")
        happy = rule.satisfied(row["answer"])
        if house is None:
            faults.append((f"{row['answer_id']}: {row['institution_id']}", "没有这个机构", "no such institution"))
        elif not ward:
            faults.append(
                (f"{row['answer_id']}: {row['department_id']}", "该机构没有这个科室", "it has no such department")
            )
        elif happy is None:
            most = f"0–{rule.scale}"
            faults.append(
                (f"{row['answer_id']}: {row['answer']}", f"不是满意度的说法,也不是 {most} 的分数",
                 f"no word of satisfaction, and no mark of {most}")
            )  # fmt: skip
        elif row["answered_on"].year != year:
            elsewhere += 1
        else:
            cell = counts[(row["answered_on"].month + 2) // 3, house, ward]
            cell[0] += 1
            cell[1] += happy
    if faults:
        raise _failure(faults)
    rows = [
        {"year": year, "quarter": quarter, "institution_id": house, "department_id": ward, "answers": n,
         "satisfied": happy}
        for (quarter, house, ward), (n, happy) in sorted(counts.items())
    ]  # fmt: skip
    return rows, elsewhere


def survey_results(rows: Sequence[Row], year: int) -> list[Row]:
    """Rows of table ``survey_results``: institutions, and their departments where answers name them. The share is
    rounded half up, the interval is Wilson's with the z of the registry of indicators."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        for ward in {"", row["department_id"]} - {ALL_DEPARTMENTS}:
            cell = sums[row["institution_id"], ward]
            cell[0] += row["answers"]
            cell[1] += row["satisfied"]
    settings = registry().settings
    result = []
    for (house, ward), (n, happy) in sorted(sums.items()):
        low, high = wilson(happy, n, settings.z) if n else (None, None)
        result.append(
            {"year": year, "institution_id": house, "department_id": ward, "answers": n, "satisfied": happy,
             "share": half_up(happy * ONE, n) if n else None, "low": low, "high": high, "small": n < settings.least}
        )  # fmt: skip
    return result


def _names(named: Mapping[str, str]) -> dict[str, str]:
    """Id and name → id; an id goes before a name."""
    return {name: code for code, name in named.items()} | {code: code for code in named}


def _failure(faults: list[tuple[str, str, str]]) -> DrgpayError:
    shown = faults[:_LISTED]
    return DrgpayError(
        Kind.DATA,
        zh=f"答卷有 {len(faults)} 处错误:\n" + "\n".join(f"  {what} {zh}" for what, zh, _ in shown),
        en=f"{len(faults)} faults in the answers:\n" + "\n".join(f"  {what} {en}" for what, _, en in shown),
        fix_zh="机构和科室写编号或登记表里的名称;满意度写说法或分数,分制用 --scale",
        fix_en="name institutions and departments by id or as the registers do; --scale says how high marks go",
        field=SURVEY_ANSWERS.name,
    )

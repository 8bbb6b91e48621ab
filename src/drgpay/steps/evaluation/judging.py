"""Institutions under a scorecard: values, marks, totals and grades; reported values checked against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.scorecard import Both, Card, Given, Result, Subject, Value, score, show_number
from drgpay.tables import GRADES
from drgpay.units import ONE

Row = dict[str, Any]
_LISTED = 20
TEMPLATE_COLUMNS = ("institution_id", "item", "value", "evidence", "note")
"""what the template asks for: the evaluated year and the card are known"""


def check_reported(rows: Sequence[Row], card: Card, institutions: Iterable[str]) -> None:
    """Fail (DATA, listing up to 20 faults) when reported values do not fit the card: an institution or item it does
    not know, an item that is computed, a value without evidence, a mark above the full mark, a share above 100 %."""
    known, items = set(institutions), {item.id: item for item in card.items}
    faults: list[tuple[str, str, str]] = []
    for row in rows:
        name, item = f"{row['institution_id']}/{row['item']}", items.get(row["item"])
        if row["institution_id"] not in known:
            faults.append((name, "没有这个机构", "no such institution"))
        if item is None:
            faults.append((name, "评分表没有该指标项", "the card has no such item"))
            continue
        if item.indicator is not None and not item.or_reported:
            faults.append((name, "该项由系统计算,不能填报", "this item is computed and cannot be reported"))
        if row["value"] is None:
            continue
        if not row["evidence"]:
            faults.append((name, "缺少佐证材料", "the evidence is missing"))
        most = max(item.full.values())
        if isinstance(item.rule, Given) and row["value"] > most:
            faults.append((name, f"超过满分 {show_number(most)}", f"above the full mark {show_number(most)}"))
        if item.unit == "share" and row["value"] > ONE:
            faults.append((name, "比例高于 100%,写成 0.95 或 95%", "a share above 100%; write 0.95 or 95%"))
    if faults:
        shown = faults[:_LISTED]
        raise DrgpayError(
            Kind.DATA,
            zh=f"填报值有 {len(faults)} 处错误:\n" + "\n".join(f"  {name}: {zh}" for name, zh, _ in shown),
            en=f"{len(faults)} faults in the reported values:\n" + "\n".join(f"  {n}: {en}" for n, _, en in shown),
            fix_zh="对照 drgpay evaluate template 生成的模板改正",
            fix_en="correct them with the template of drgpay evaluate template",
            field=shown[0][0],
        )


def subjects(
    card: Card, figures: Iterable[Row], reported: Iterable[Row], institutions: Iterable[tuple[str, str]]
) -> list[Subject]:
    """Who is marked: (institution, level) with their figures and reported values, notes and reasons. What is computed
    goes before what is reported for the same item, and says so."""
    key_of = {i.id: i.key for i in card.reported}
    wanted = {item.indicator for item in card.items} | {name for name, _ in card.tie_break}
    values: dict[str, dict[str, Value]] = defaultdict(dict)
    absent: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for row in figures:
        if row["scope"] != "institution" or row["indicator"] not in wanted:
            continue
        h, name = row["institution_id"], row["indicator"]
        if row["numerator"] is None:
            absent[h][name] = (row["absent_zh"], row["absent_en"])
        else:
            values[h][name] = Value(row["numerator"], row["denominator"], row["small"])
    for row in reported:
        if row["value"] is None:
            continue
        h, item, note = row["institution_id"], row["item"], row["evidence"] or ""
        key: str = key_of[item]
        said = show_number(row["value"])
        if key in values[h]:
            unused = (f"填报的 {said} 不采用,以系统计算为准", f"{said} was reported, the computed value stands")
            values[h][key] = replace(values[h][key], note_zh=unused[0], note_en=unused[1])
        else:
            values[h][key] = Value(row["value"], ONE, False, f"佐证 {note}", f"evidence {note}", reported=True)
    missing = {i.id: ("未填报", "not reported") for i in card.reported if i.indicator is None}
    return [Subject(h, level, values[h], missing | absent[h]) for h, level in sorted(institutions)]


def judge(card: Card, pool: Sequence[Subject], year: int, levels: Mapping[str, str]) -> tuple[list[Row], list[Row]]:
    """Rows of ``evaluation_marks`` and ``evaluation_results``. A card with other grades than the registers fails."""
    strange = [name for name, _ in card.grades if name not in GRADES]
    if strange or not card.grades:
        raise DrgpayError(
            Kind.POLICY,
            zh="机构评分表的等级必须是登记表的等级",
            en="a card for institutions needs the grades of the register",
            field="grades",
            value=", ".join(strange),
            fix_zh=" | ".join(GRADES),
            fix_en=" | ".join(GRADES),
            file=card.place.file,
        )
    marks, results = score(card, pool)
    common = {"year": year, "card": card.id}
    return [
        common
        | {
            "institution_id": k.subject,
            "level": levels[k.subject],
            "dimension": k.dimension,
            "item": k.item,
            "full": k.full,
            "numerator": k.value and k.value.num,
            "denominator": k.value and k.value.den,
            "basis": "missing" if k.value is None else "reported" if k.value.reported else "computed",
            "mark": k.mark,
            "deduction": k.deduction,
            "vetoed": k.vetoed,
            "zh": k.zh,
            "en": k.en,
            "source": k.source,
        }
        for k in marks
    ], [
        common
        | {
            "institution_id": r.subject,
            "level": levels[r.subject],
            "full": r.full,
            "measured": r.measured,
            "computed": r.computed,
            "reported": r.reported,
            "raw": r.raw,
            "total": r.total,
            "place": r.place,
            "of": r.of,
            "grade_by_total": r.grade_by_total,
            "grade": r.grade,
            "zh": ";".join(t for t in (r.zh, _basis(r).zh) if t),
            "en": "; ".join(t for t in (r.en, _basis(r).en) if t),
        }
        for r in results
    ]


def _basis(result: Result) -> Both:
    """How much of the full mark was computed, reported and is missing."""
    missing = result.full - result.computed - result.reported
    shown = [show_number(full) for full in (result.computed, result.reported, missing)]
    zh, en = "系统计算 {} 分,填报 {} 分,缺 {} 分", "{} computed, {} reported, {} missing"
    return Both(zh.format(*shown), en.format(*shown))

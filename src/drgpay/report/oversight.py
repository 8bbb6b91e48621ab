"""The page of oversight: what was found by type, the first suspicions and alerts, and control charts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import read_table
from drgpay.report.html import both, write_frame
from drgpay.report.labels import Both, check_language
from drgpay.report.tabular import alert_is_share, field_words
from drgpay.tables import ALERTS, CONTROL_POINTS, INSTITUTIONS, RULE_STATUS, SUSPICIONS, Table
from drgpay.units import show_coefficient, show_fen, show_percent

FIRST = 200
"""rows of suspicions and of alerts on the page; the workbook has them all"""
_INDICATORS = {
    "mortality": Both("死亡率", "mortality"),
    "transfer_share": Both("转出占比", "share transferred"),
    "complication_share": Both("并发症编码占比", "share with a coded complication"),
    "ungrouped_rate": Both("未入组率", "share not grouped"),
    "readmit_15": Both("15日内再入院率", "readmitted within 15 days"),
}
_WORDS = {
    "value": Both("当月", "month"),
    "upper": Both("上限", "upper limit"),
    "centre": Both("中线", "centre"),
    "lower": Both("下限", "lower limit"),
    "month": Both("月份", "month"),
}

_HOUSE = Both("机构", "institution")
_CODES = {
    "open": Both("待复核", "open"),
    "confirmed": Both("已认定", "confirmed"),
    "dismissed": Both("已排除", "dismissed"),
    "likely": Both("线索", "likely"),
    "unclear": Both("存疑(需调阅病历)", "unclear (ask for the record)"),
    "raised": Both("已发出", "raised"),
    "acknowledged": Both("已签收", "acknowledged"),
    "explained": Both("已说明", "explained"),
    "corrected": Both("已整改", "corrected"),
    "verified": Both("已核实", "verified"),
    "closed": Both("已办结", "closed"),
    "settlement_office": Both("结算科", "settlement office"),
    "supervision_office": Both("监管科", "supervision office"),
    "fund_office": Both("基金科", "fund office"),
    "hospital_insurance_office": Both("医院医保办", "hospital's insurance office"),
}
"""states and owners in words; another owner that a rule names stands as it is"""


def _said(code: str) -> str | Both:
    return _CODES.get(code, code)


def _table(heads: list[Both], rows: list[list[str | Both]]) -> str:
    head = "".join(f'<th scope="col">{both(h)}</th>' for h in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{both(c) if isinstance(c, Both) else escape(c)}</td>" for c in row) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _head(table: Table, name: str) -> Both:
    """The name of a column; texts are shown in both languages, so a heading does not say in which."""
    return Both(table[name].zh, table[name].en.removesuffix(" (Chinese)"))


def _types(suspicions: pl.DataFrame, status: pl.DataFrame) -> str:
    leads = suspicions.filter(pl.col("standing") == SUSPICIONS["standing"].choices[0])
    by = leads.group_by("rule").agg(pl.len(), pl.col("amount").sum())
    counts = {rule: (n, amount) for rule, n, amount in by.rows()}
    rows: list[list[str | Both]] = []
    for row in status.sort("rule").to_dicts():
        n, amount = counts.get(row["rule"], (0, 0))
        lacks = (
            Both(*(f"{lack} {field_words(row['missing'], lang)}" for lack, lang in (("缺", "zh"), ("lacks", "en"))))
            if row["status"] == "missing"
            else Both("已运行", "ran")
        )
        rows.append(
            [row["rule"], Both(row["zh"], row["en"]), lacks, f"{n:,}", f"{row['unclear']:,}", show_fen(amount)]
        )
    heads = [
        Both("规则", "rule"),
        Both("说明", "what"),
        Both("状态", "status"),
        Both("疑点", "suspicions"),
        Both("存疑(需调阅病历)", "unclear (ask for the record)"),
        Both("涉及金额(元)", "at stake, yuan"),
    ]
    return _table(heads, rows)


def _suspicions(rows: pl.DataFrame, names: Mapping[str, str]) -> str:
    order = ["standing", "score", "amount", "suspicion_id"]
    first = rows.sort(order, descending=[False, True, True, False]).head(FIRST)
    columns = ("suspicion_id", "institution_id", "stay_id", "month", "score", "standing", "amount", "state")
    body: list[list[str | Both]] = [
        [
            r["suspicion_id"],
            Both(r["term_zh"], r["term_en"]),
            r["institution_id"] or "",
            names.get(r["institution_id"], ""),
            r["stay_id"] or "",
            str(r["month"]),
            show_coefficient(r["score"]),
            _said(r["standing"]),
            show_fen(r["amount"]),
            _said(r["state"]),
        ]
        for r in first.to_dicts()
    ]
    heads = [_head(SUSPICIONS, n) for n in columns]
    return _table([heads[0], Both("条款", "term"), heads[1], _HOUSE, *heads[2:]], body)


def _alerts(rows: pl.DataFrame, names: Mapping[str, str]) -> str:
    first = rows.sort("small", "alert_id").head(FIRST)
    body: list[list[str | Both]] = [
        [
            r["alert_id"],
            names.get(r["institution_id"], r["institution_id"] or ""),
            Both(r["zh"], r["en"]),
            _measure(r["rule"], r["value"]),
            _measure(r["rule"], r["threshold"]),
            Both(r["action_zh"], r["action_en"]),
            _said(r["owner"]),
            r["deadline"].isoformat(),
            _said(r["state"]),
        ]
        for r in first.to_dicts()
    ]
    columns = ("alert_id", "zh", "value", "threshold", "action_zh", "owner", "deadline", "state")
    heads = [_head(ALERTS, n) for n in columns]
    return _table([heads[0], _HOUSE, *heads[1:]], body)


def _measure(rule: str, value: int) -> str:
    return show_percent(value) if alert_is_share(rule) else show_coefficient(value)


def _charts(points: pl.DataFrame, names: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    series = {}
    columns = ("month", "value", "numerator", "denominator", "centre", "lower", "upper", "outside")
    for key, its in points.sort("month").group_by(["indicator", "institution_id"], maintain_order=True):
        series[f"{key[0]}|{key[1]}"] = {c: its[c].to_list() for c in columns}
    houses = sorted(set(points["institution_id"]))
    chosen = "".join(f'<option value="{escape(h)}">{escape(names.get(h, h))}</option>' for h in houses)
    named = "".join(
        f'<option value="{k}" data-zh="{w.zh}" data-en="{w.en}">{w.zh}</option>' for k, w in _INDICATORS.items()
    )
    hint = both(
        Both(
            "限为中线 ± 3 个标准差,随当月例数变化;红点出界。",
            "Limits: centre ± 3 standard deviations for the month's stays; red points are outside.",
        )
    )
    html = (
        f'<div class="panel"><p class="hint">{hint}</p>'
        f'<p><select id="indicator" aria-label="indicator">{named}</select> '
        f'<select id="institution" aria-label="institution">{chosen}</select></p>'
        '<div class="chart" id="control" role="img" aria-label="p-chart"></div></div>'
    )
    outside = points.filter("outside").sort("indicator", "institution_id", "month").head(FIRST).to_dicts()
    rows: list[list[str | Both]] = [
        [
            _INDICATORS[r["indicator"]],
            r["institution_id"],
            names.get(r["institution_id"], ""),
            str(r["month"]),
            f"{r['numerator']} / {r['denominator']}",
            show_percent(r["value"]),
            show_percent(r["lower"]),
            show_percent(r["upper"]),
        ]
        for r in outside
    ]
    wanted = ("indicator", "institution_id", "month", "numerator", "value", "lower", "upper")
    heads = [_head(CONTROL_POINTS, n) for n in wanted]
    return html + _table([*heads[:2], _HOUSE, *heads[2:]], rows), series


def write_oversight_page(folder: Path, target: Path, lang: str, run: Path) -> None:
    """Write the page of a look in ``folder`` at ``run`` to ``target`` (.html): one file, offline, both languages.

    The same look gives the same bytes. Raises USAGE for another language."""
    check_language(lang)
    tables = folder / "tables"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    names = dict(read_table(run / "tables", INSTITUTIONS).select("institution_id", "name").rows())
    chart, series = _charts(read_table(tables, CONTROL_POINTS), names)
    suspicions = read_table(tables, SUSPICIONS)
    sections = (
        ("rules", Both("规则", "Rules"), _types(suspicions, read_table(tables, RULE_STATUS))),
        ("suspicions", Both("疑点", "Suspicions"), _suspicions(suspicions, names)),
        ("alerts", Both("预警", "Alerts"), _alerts(read_table(tables, ALERTS), names)),
        ("charts", Both("控制图", "Control charts"), chart),
    )
    title = manifest["region"]["title"]
    heading = Both(f"{title['zh']} · 监测与监管", f"{title['en']} · oversight")
    note = Both("疑点须经评审认定方为违规。", "A suspicion is a violation only when a reviewer confirms it.")
    write_frame(
        target,
        lang,
        heading[lang],
        heading=both(heading),
        subheading=f"{manifest['run']} · {manifest['stays']:,}",
        sections=sections,
        footer=f"<p>{both(note)}</p>",
        data={"lang": lang, "series": series, "words": {k: {"zh": w.zh, "en": w.en} for k, w in _WORDS.items()}},
        script="oversight.js",
    )

"""The workbook of a hospital's performance office, and the slips of its people, each a page of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import xlsxwriter

from drgpay.engine import drafted, read_table, table_path
from drgpay.places import inside, safe_names, write_text
from drgpay.report.labels import Both, check_language
from drgpay.report.views import Field, View, show
from drgpay.report.workbook import CREATED, Writer
from drgpay.scorecard import read_card
from drgpay.sources import in_words
from drgpay.steps.performance import plan_dictionary
from drgpay.tables import (
    DEPARTMENT_MARKS,
    DEPARTMENT_RESULTS,
    GROUP_REVIEWS,
    HOSPITAL_RESULTS,
    PERFORMANCE_FINDINGS,
    PERFORMANCE_FLOWS,
    SLIP_LINES,
    SLIPS,
    Table,
)
from drgpay.units import show_fen

Row = dict[str, Any]

WORDS = {
    "title": Both("院内绩效", "Performance in the hospital"),
    "slip": Both("绩效发放单", "Performance slip"),
    "sheet_departments": Both("科室", "Departments"),
    "sheet_flows": Both("资金流向", "Flows"),
    "sheet_groups": Both("病组", "Groups"),
    "sheet_doctors": Both("医师", "Doctors"),
    "sheet_trend": Both("趋势", "Trend"),
    "sheet_reviews": Both("病组复评", "Group reviews"),
    "sheet_marks": Both("科室指标", "Indicators"),
    "excellent": Both("优秀", "Excellent"),
    "good": Both("良好", "Good"),
    "pass": Both("合格", "Pass"),
    "fail": Both("不合格", "Fail"),
    "sheet_findings": Both("核对问题", "Findings"),
    "sheet_summary": Both("概览", "Summary"),
    "information": Both("盈亏是管理信息，不是医务人员的绩效指标", "Gains and losses are management information, "
                        "no indicator of staff's pay"),
    "amount": Both("可分配总额（元）", "Sum distributed (yuan)"),
    "hospital": Both("医院留存", "With the hospital"),
    "people": Both("发放到人", "Paid to people"),
    "held": Both("暂缓发放", "Held back"),
    "prizes": Both("科室奖励经费", "Budget of department prizes"),
    "cost_prizes": Both("成本管控先进经费", "Budget of cost-control prizes"),
    "prize_budgets": Both("专项奖励经费（元）", "Budgets of prizes (yuan)"),
    "prizes_left": Both("专项经费结余", "Left of the budgets of prizes"),
    "goal": Both("目标", "Goal"),
    "value": Both("实际", "Reached"),
    "target": Both("目标值", "Target"),
    "met": Both("达标", "Met"),
    "goal_from": Both("目标来源", "Target from"),
    "goal_book": Both("账本：{}{}", "the book: {}{}"),
    "goal_plan": Both("方案填写{}", "the plan{}"),
    "goal_of_year": Both("（全年 {} 元，计 {} 个月）", " ({} yuan a year, {} months)"),
    "goal_prepayment": Both("预付总额", "total of the prepayment"),
    "goal_indicator": Both("预算指标", "budget indicator"),
    "cmi": Both("CMI", "CMI"),
    "cost_index": Both("费用消耗指数", "Cost index"),
    "time_index": Both("时间消耗指数", "Time index"),
    "fund_spend": Both("基金支出（元）", "Fund spend (yuan)"),
    "drg_count": Both("治疗病组数", "Groups treated"),
    "technique": Both("新技术（项）", "New techniques"),
    "paper": Both("核心论文（篇）", "Core papers"),
    "advance_use": Both("预付资金使用率", "Use of the advance"),
    "earned": Both("应得", "Earned"),
    "paid": Both("应发", "Paid"),
    "person": Both("姓名", "Name"),
    "department": Both("科室", "Department"),
    "period": Both("期间", "Period"),
    "component": Both("组成", "Component"),
    "pool": Both("基数（元）", "Base (yuan)"),
    "factor": Both("系数", "Factor"),
    "yuan": Both("金额（元）", "Amount (yuan)"),
    "sum": Both("可分配总额", "Sum distributed"),
    "how": Both("说明", "How"),
    "source": Both("依据", "Source"),
    "base": Both("基础绩效", "Base"),
    "project": Both("项目绩效", "Project"),
    "excess": Both("超额绩效", "Excess"),
    "individual": Both("个人绩效", "Individual"),
    "cmi_bonus": Both("CMI 上浮", "CMI addition"),
    "prize": Both("CMI 提升奖励", "Prize for the rise of CMI"),
    "cost_prize": Both("成本管控先进", "Prize for cost control"),
    "capped": Both("超上限", "Above the cap"),
    "floor": Both("补足下限", "Floor"),
    "lead": Both("主刀/主诊", "Lead"),
    "assistant": Both("助手", "Assistant"),
    "nurse": Both("护理", "Nurse"),
    "true": Both("是", "yes"),
    "false": Both("否", "no"),
    "general": Both("综合", "General"),
    "surgical": Both("手术", "Surgical"),
    "medical": Both("非手术", "Medical"),
    "technical": Both("医技", "Technical"),
    "outpatient": Both("门诊", "Outpatient"),
    "doctor": Both("医师", "Doctor"),
    "technician": Both("技师", "Technician"),
    "other": Both("其他", "Other"),
    "error": Both("错误", "Error"),
    "warn": Both("提示", "Warning"),
    "wins": Both("增加", "Wins"),
    "loses": Both("减少", "Loses"),
    "same": Both("不变", "Same"),
    "split": Both("三级分配", "Split"),
    "workload": Both("按工作量", "By workload"),
    "difficulty": Both("按难度", "By difficulty"),
    "quality": Both("按质量", "By quality"),
    "surplus": Both("按结余", "By surplus"),
    "overspend": Both("合理超支分担", "Overspend share"),
    "mismanaged": Both("管理不善超支扣减", "Overspend by bad management"),
    "evaluation": Both("考核增减", "Evaluation"),
    "veto": Both("一票否决", "Veto"),
    "excess_left": Both("未得超额", "Excess not earned"),
    "unshared": Both("无可分对象", "Nobody to share"),
    "nobody": Both("无人可发", "Nobody to pay"),
    "departments": Both("科室池", "Departments"),
    "individuals": Both("个人池", "Individuals"),
    "chief": Both("主任医师", "Chief physician"),
    "associate_chief": Both("副主任医师", "Associate chief physician"),
    "attending": Both("主治医师", "Attending physician"),
    "resident": Both("住院医师", "Resident"),
    "head_nurse": Both("护士长", "Head nurse"),
    "staff": Both("其他人员", "Other staff"),
}  # fmt: skip
"""words of the pages and values of the tables, in both languages"""

_KINDS = {"fen": "fen", "points": "points", "ratio": "ratio", "flag": "word", "code": "word", "text": "text",
          "date": "text"}  # fmt: skip
_OF_DEPARTMENT = "department:"
"""how the account of a department begins"""
_SHEET_NAME = re.compile(r"[\[\]:*?/\\']")
_LONGEST = 31
_KEY = re.compile(r"\b([a-z][a-z_0-9]*): ?")
"""a key of a written table of values"""


def performance_word(value: object) -> Both:
    """A word of this report; a code it does not know stands for itself."""
    text = str(value)
    if text.startswith(_OF_DEPARTMENT):
        of = text.removeprefix(_OF_DEPARTMENT)
        return Both(f"科室 {of}", f"Department {of}")
    return WORDS.get(text.lower()) or Both(text, text)


def write_performance_workbook(out: Path, target: Path, lang: str = "zh") -> None:
    """The workbook of a result in folder ``out``: summary with the warning of the plan, flows, departments, trend,
    groups, doctors, reviews, findings, and a sheet for every department with its groups and slips. The same result
    gives the same bytes. Raises USAGE for an unknown language."""
    check_language(lang)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    period = f"{manifest['year']}Q{manifest['quarter']}" if manifest["quarter"] else str(manifest["year"])
    results = _rows(out, HOSPITAL_RESULTS)
    now = [r for r in results if r["period"] == period]
    departments = _rows(out, DEPARTMENT_RESULTS)
    slips, lines = _rows(out, SLIPS), _rows(out, SLIP_LINES)
    with drafted(target) as draft, xlsxwriter.Workbook(draft, {"strings_to_formulas": False}) as book:
        book.set_properties({"title": f"{WORDS['title'][lang]} {period}", "created": CREATED})
        writer = Writer(book, lang)
        names = _Names()
        _summary(writer, names, manifest, period)
        _sheet(writer, names, "sheet_departments", [_view(DEPARTMENT_RESULTS, departments)])
        _sheet(writer, names, "sheet_flows", [_view(PERFORMANCE_FLOWS, _rows(out, PERFORMANCE_FLOWS), totals=False)])
        trend = [r for r in results if r["scope"] in ("hospital", "department")]
        without = ("doctor_id", "drg")
        _sheet(writer, names, "sheet_trend", [_view(HOSPITAL_RESULTS, trend, without, totals=False)])
        for key, scope, left_out in (
            ("sheet_groups", "group", ("department_id", "doctor_id")),
            ("sheet_doctors", "doctor", ("drg",)),
        ):
            rows = [r for r in now if r["scope"] == scope]
            _sheet(writer, names, key, [_view(HOSPITAL_RESULTS, rows, (*left_out, "scope", "period"))])
        other = "en" if lang == "zh" else "zh"
        marks = _view(DEPARTMENT_MARKS, _named_marks(out, lang), (other,), totals=False)
        _sheet(writer, names, "sheet_marks", [marks])
        _sheet(writer, names, "sheet_reviews", [_view(GROUP_REVIEWS, _rows(out, GROUP_REVIEWS), totals=False)])
        _sheet(
            writer, names, "sheet_findings", [_view(PERFORMANCE_FINDINGS, _rows(out, PERFORMANCE_FINDINGS), (other,))]
        )
        for row in departments:
            d = row["department_id"]
            own = [r for r in now if r["scope"] == "department_group" and r["department_id"] == d]
            views = [
                _view(SLIPS, [s for s in slips if s["department_id"] == d], ("department_id",)),
                _view(SLIP_LINES, [x for x in lines if x["department_id"] == d], ("weight", "weights", other)),
                _view(HOSPITAL_RESULTS, own, ("scope", "department_id", "doctor_id", "period")),
            ]
            _sheet(writer, names, f"{row['name']} {d}", [v for v in views if v.rows] or views[:1])


def _named_marks(out: Path, lang: str) -> list[Row]:
    """The departments' marks with dimensions and items by their names, in the order of the card."""
    rows = _rows(out, DEPARTMENT_MARKS)
    if not rows:
        return []
    card = read_card(out / "card.yaml")
    dimensions = {d.id: Both(d.zh, d.en)[lang] for d in card.dimensions}
    items = {item.id: (at, Both(item.zh, item.en)[lang]) for at, item in enumerate(card.items)}
    rows.sort(key=lambda r: (r["department_id"], items[r["item"]][0]))
    return [r | {"dimension": dimensions[r["dimension"]], "item": items[r["item"]][1]} for r in rows]


def _rows(out: Path, table: Table) -> list[Row]:
    folder = out / "tables"
    if not table_path(folder, table).exists():
        return []
    return read_table(folder, table).sort(table.key).to_dicts()


class _Names:
    """Names of sheets: what a sheet may be called, no two alike."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, wanted: str) -> str:
        """A name near the wanted one."""
        plain = _SHEET_NAME.sub(" ", wanted).strip()[:_LONGEST] or "-"
        name, n = plain, 1
        while name.lower() in self._taken:
            n += 1
            name = f"{plain[: _LONGEST - len(str(n)) - 1]}~{n}"
        self._taken.add(name.lower())
        return name


def _view(table: Table, rows: Sequence[Row], without: Iterable[str] = (), *, totals: bool = True) -> View:
    """A table of the dictionary as a view: coded values in words."""
    fields = []
    for column in table.columns:
        if column.name in without:
            continue
        kind = _KINDS.get(column.type, "int")
        kind = "text" if kind == "word" else kind
        head = Both(column.zh, column.name.replace("_", " ").capitalize())
        fields.append(Field(column.name, kind, head, Both(column.zh, column.en)))
    return View(table.name, tuple(fields), rows, totals and any(f.adds_up for f in fields))


def _sheet(writer: Writer, names: _Names, key: str, shown: Sequence[View]) -> None:
    lang = writer.lang
    shown = [
        View(v.key, v.fields, [{k: _said(x, lang) for k, x in row.items()} for row in v.rows], v.totals)
        for v in shown
    ]
    writer.tables(names.of(WORDS.get(key, Both(key, key))[lang]), shown)


def _said(value: Any, lang: str) -> Any:
    return performance_word(value)[lang] if isinstance(value, bool | str) else value


def _summary(writer: Writer, names: _Names, manifest: Mapping[str, Any], period: str) -> None:
    lang = writer.lang
    sheet = writer.sheet(names.of(WORDS["sheet_summary"][lang]))
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 3, 20)
    sheet.set_column(4, 4, 44)
    sheet.write_string(0, 0, f"{WORDS['title'][lang]} {manifest['institution']} {period}", writer.title)
    row = 1
    warning = manifest["plan"]["warning"]
    for text in (warning[lang] if warning else "", WORDS["information"][lang]):
        if text:
            sheet.merge_range(row, 0, row, 3, text, writer.wrapped)
            sheet.set_row(row, 32)
            row += 1
    row += 1
    known = {"amount": manifest.get("amount"), "prize_budgets": manifest.get("prizes")} | manifest.get("balances", {})
    for key in ("amount", "prize_budgets", "hospital", "people", "held", "prizes_left"):
        value = known.get(key)
        sheet.write_string(row, 0, WORDS[key][lang], writer.text)
        writer.cell(sheet, row, 1, "fen", value)
        row += 1
    row += 1
    for column, key in enumerate(("goal", "value", "target", "met", "goal_from")):
        sheet.write_string(row, column, WORDS[key][lang], writer.head)
    for goal in manifest.get("goals", []):
        row += 1
        kind = "fen" if goal["goal"] == "fund_spend" else "ratio"
        sheet.write_string(row, 0, WORDS[goal["goal"]][lang], writer.text)
        writer.cell(sheet, row, 1, kind, goal["value"])
        writer.cell(sheet, row, 2, kind, goal["target"])
        met = "" if goal["met"] is None else performance_word(goal["met"])[lang]
        sheet.write_string(row, 3, met, writer.text)
        sheet.write_string(row, 4, _goal_from(goal, lang), writer.text)


def _goal_from(goal: Row, lang: str) -> str:
    """Where the goal of a fund spend comes from; empty for goals of the plan alone."""
    if "basis" not in goal:
        return ""
    amounts = WORDS["goal_of_year"][lang].format(show_fen(goal["of_year"]), goal["months"])
    if goal["basis"] == "plan":
        return WORDS["goal_plan"][lang].format(amounts)
    return WORDS["goal_book"][lang].format(WORDS[f"goal_{goal['basis']}"][lang], amounts)


def write_slips(out: Path, folder: Path, lang: str = "zh") -> int:
    """A page for every person below ``folder/<department>/``, named by staff id as far as it is a name; how many.
    Each line has its base, its factor, how it was worked out, and the parameter with its source."""
    check_language(lang)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    sources = json.loads((out / "policy.json").read_text(encoding="utf-8"))
    names = {r["department_id"]: r["name"] for r in _rows(out, DEPARTMENT_RESULTS)}
    page = Template((files(__package__) / "slip.html").read_text(encoding="utf-8"))
    by_staff: dict[str, list[Row]] = {}
    for line in _rows(out, SLIP_LINES):
        by_staff.setdefault(line["staff_id"], []).append(line)
    slips = _rows(out, SLIPS)
    departments, people = (safe_names(s[k] for s in slips) for k in ("department_id", "staff_id"))
    for slip in slips:
        place = inside(folder, departments[slip["department_id"]])
        place.mkdir(parents=True, exist_ok=True)
        text = _slip(page, slip, by_staff.get(slip["staff_id"], []), names, manifest, sources, lang)
        write_text(inside(place, f"{people[slip['staff_id']]}.html"), text)
    return len(slips)


def _values(written: str, lang: str) -> str:
    """A plan's value with its keys in words: ``{lead: 0.6, …}`` as 主刀/主诊 0.6, …"""
    return _KEY.sub(lambda found: f"{performance_word(found[1])[lang]} ", written.strip("{}"))


def _slip(
    page: Template,
    slip: Row,
    lines: Sequence[Row],
    names: Mapping[str, str],
    manifest: Mapping[str, Any],
    sources: Mapping[str, Any],
    lang: str,
) -> str:
    period = f"{manifest['year']}Q{manifest['quarter']}" if manifest["quarter"] else str(manifest["year"])
    heads = ("component", "department", "how", "pool", "factor", "yuan", "source")
    head = "".join(f"<th>{escape(WORDS[k][lang])}</th>" for k in heads)
    meanings = plan_dictionary()
    body = []
    for line in lines:
        role = f" · {performance_word(line['role'])[lang]}" if line["role"] else ""
        source = sources[line["parameter"]]
        means = meanings[line["parameter"]]
        cells = [
            performance_word(line["component"])[lang] + role,
            names.get(line["department_id"], line["department_id"]),
            line[lang],
            show("fen", line["pool"])[lang],
            show("ratio", line["factor"])[lang],
            show("fen", line["amount"])[lang],
            f"{Both(means.zh, means.en)[lang]}: {_values(source['value'], lang)} "
            f"({in_words(source['source'], lang)})",
        ]
        kinds = ("", "", "", "n", "n", "n", "soft")
        body.append(
            "<tr>" + "".join(f'<td class="{k}">{escape(c)}</td>' for k, c in zip(kinds, cells, strict=True)) + "</tr>"
        )
    totals = "".join(
        f"<p><b>{escape(WORDS[k][lang])}</b> {show('fen', slip[k])[lang]}</p>"
        for k in ("earned", "held", "paid")
        if k != "held" or slip[k]
    )
    warning, post = manifest["plan"]["warning"], performance_word(slip["post"])[lang]
    return page.substitute(
        lang=lang,
        title=escape(f"{WORDS['slip'][lang]} {period}"),
        who=escape(f"{slip['name']} {slip['staff_id']} · {names.get(slip['department_id'], '')} · {post}"),
        warning=f'<p class="warning">{escape(warning[lang])}</p>' if warning else "",
        head=head,
        body="\n".join(body),
        totals=totals,
    )

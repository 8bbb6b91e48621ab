"""The evaluation for people: a workbook, a page with radar and bullet charts, one institution's scorecard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any

import xlsxwriter

from drgpay.errors import DrgpayError, Kind
from drgpay.places import drafted
from drgpay.report.evaluated import (
    MEASURES,
    Evaluated,
    Row,
    basis_words,
    outcome_cells,
    read_evaluation,
    show_figure,
    show_outcome,
    words_of,
)
from drgpay.report.html import both, spoken, write_frame
from drgpay.report.labels import Both, check_language
from drgpay.report.workbook import CREATED
from drgpay.scorecard import rule_text, show_number
from drgpay.sources import in_words
from drgpay.steps.evaluation import formula_words
from drgpay.tables import FIGURES, INSTITUTION_CHANGES, OUTCOMES, RANKS, RISK_CLASSES, SUPERVISION_TIERS
from drgpay.units import ONE, half_up, show_percent

_WORDS = {
    "board": Both("成效看板", "Outcomes"),
    "results": Both("考核结果", "Results"),
    "card": Both("评分单", "Scorecard"),
    "ranks": Both("指标排名", "League tables"),
    "effects": Both("监管与进出", "Supervision, entry and exit"),
    "marks": Both("评分明细", "Marks"),
    "figures": Both("机构指标", "Indicators"),
    "risk": Both("死亡风险分级", "Risk classes"),
    "notes": Both("指标说明", "Notes"),
    "institution": Both("机构", "institution"),
    "level": Both("等级", "level"),
    "total": Both("总分", "total"),
    "place": Both("名次", "place"),
    "grade": Both("考核等级", "grade"),
    "why": Both("说明", "why"),
    "item": Both("指标项", "item"),
    "dimension": Both("维度", "dimension"),
    "full": Both("满分", "full mark"),
    "mark": Both("得分", "mark"),
    "deduction": Both("扣分", "deduction"),
    "source": Both("来源", "source"),
    "basis": Both("取值方式", "basis"),
    "indicator": Both("指标", "indicator"),
    "value": Both("值", "value"),
    "n": Both("例数", "n"),
    "few": Both("例数少,不排名", "few cases, not ranked"),
    "interval": Both("区间", "interval"),
    "same_level": Both("同级值", "same level"),
    "area": Both("全市值", "area"),
    "before": Both("上年", "year before"),
    "target": Both("目标", "target"),
    "met": Both("达到", "met"),
    "movement": Both("升降", "moved"),
    "year": Both("年度", "year"),
    "tier": Both("监管级别", "tier"),
    "sampling": Both("抽查比例", "stays checked"),
    "decision": Both("决定", "decision"),
    "choose": Both("选择机构", "choose an institution"),
    "choose_indicator": Both("选择指标", "choose an indicator"),
    "radar": Both("各维度得分率,与同级均值", "marks by dimension, against the level's mean"),
    "bullet": Both("各指标项得分与满分", "marks of the items within their full marks"),
    "own": Both("本机构", "this institution"),
    "definition": Both("定义", "definition"),
    "clause": Both("条款", "clause"),
    "drg": Both("病组", "group"),
    "deaths": Both("死亡例数", "deaths"),
    "mortality": Both("死亡率", "mortality"),
    "score": Both("风险分值", "score"),
    "years": Both("参照期", "reference period"),
    "nothing": Both("没有数据", "nothing to show"),
    "left_out": Both("不计", "left out"),
}


def write_evaluation_page(folder: Path, target: Path, lang: str = "zh") -> None:
    """The bureau's page of an evaluation (.html): outcomes, results, scorecards with charts, league tables, effects.
    One file, both languages, no network; the same evaluation gives the same bytes."""
    found = read_evaluation(folder)
    sections = [
        ("board", _board(found)),
        ("results", _results(found)),
        ("card", _card(found)),
        ("ranks", _ranks(found)),
        ("effects", _effects(found)),
    ]
    _page(found, found.title, sections, target, lang)


def write_institution_card(folder: Path, institution: str, target: Path, lang: str = "zh") -> None:
    """The scorecard of one institution, .html or .xlsx. Raises DATA for an institution that was not evaluated."""
    check_language(lang)
    found = read_evaluation(folder)
    mine = found.only([institution])
    if target.suffix.lower() == ".xlsx":
        with _Book(target, lang) as book:
            book.table("results", *_result_rows(mine, lang))
            book.table("marks", *_mark_rows(mine, lang))
            book.table("figures", *_figure_rows(mine, lang, [institution]))
    elif target.suffix.lower() == ".html":
        title = Both(f"{found.name(institution)} · {found.title.zh}", f"{found.name(institution)} · {found.title.en}")
        _page(mine, title, [("results", _results(mine)), ("card", _card(mine))], target, lang, found)
    else:
        raise DrgpayError(
            Kind.USAGE,
            zh="评分单是 .html 或 .xlsx",
            en="a scorecard is .html or .xlsx",
            value=target.name,
            fix_zh="改文件后缀",
            fix_en="change the suffix",
        )


def write_evaluation_workbook(folder: Path, target: Path, lang: str = "zh") -> None:
    """The workbook of an evaluation (.xlsx): results, marks, indicators, league tables, outcomes, effects, notes."""
    check_language(lang)
    found = read_evaluation(folder)
    with _Book(target, lang) as book:
        book.table("results", *_result_rows(found, lang))
        book.table("marks", *_mark_rows(found, lang))
        book.table("figures", *_figure_rows(found, lang))
        book.table("ranks", *_rank_rows(found, lang))
        book.table("board", ("year", "indicator", "value", "before", "target", "met", "why"),
                   outcome_cells(found[OUTCOMES], lang))  # fmt: skip
        book.table("effects", *_effect_rows(found, lang))
        book.table("risk", *_risk_rows(found))
        book.table("notes", *_note_rows(found, lang))


@dataclass(frozen=True)
class _Number:
    """A cell that is a number: a value in 1/10,000 of its unit; none: a dash."""

    value: int | None
    unit: str = "number"

    def __str__(self) -> str:
        return show_figure(self.value, self.unit)


_FORMATS = {"share": "0.00%", "yuan": "#,##0.00", "number": "#,##0.####", "days": "0.####"}
"""how numbers of each unit are shown"""


class _Book:
    """A workbook of tables in one language; texts are never formulas."""

    def __init__(self, target: Path, lang: str) -> None:
        self._stack = ExitStack()
        draft = self._stack.enter_context(drafted(target))
        self._book = xlsxwriter.Workbook(draft, {"strings_to_formulas": False, "strings_to_urls": False})
        self._book.set_properties({"created": CREATED})
        self._lang = lang
        self._formats = {unit: self._book.add_format({"num_format": f}) for unit, f in _FORMATS.items()}
        self._head = self._book.add_format({"bold": True, "bg_color": "#0B3954", "font_color": "#FFFFFF"})

    def __enter__(self) -> _Book:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._book.close()

    def table(self, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A sheet; heads are keys of the words. Numbers are written as numbers, in their unit."""
        sheet = self._book.add_worksheet(_WORDS[name][self._lang])
        sheet.write_row(0, 0, [_WORDS[h][self._lang] for h in head], self._head)
        sheet.freeze_panes(1, 0)
        widths = [10] * len(head)
        for at, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, _Number) and cell.value is not None:
                    sheet.write_number(at, column, Decimal(cell.value).scaleb(-4), self._formats[cell.unit])
                else:
                    sheet.write(at, column, str(cell) if isinstance(cell, _Number) else cell)
            widths = [max(w, min(60, 2 * len(str(c)))) for w, c in zip(widths, row, strict=True)]
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)


Rows = tuple[Sequence[str], Sequence[Sequence[Any]]]


def _marks_text(value: int | None) -> str:
    return "–" if value is None else show_number(value)


def _result_rows(found: Evaluated, lang: str) -> Rows:
    rows = [
        (found.name(r["institution_id"]), words_of(r["level"])[lang], _Number(r["total"]),
         f"{r['place']}/{r['of']}" if r["place"] else "–", words_of(r["grade"])[lang], r[lang])
        for r in found.results()
    ]  # fmt: skip
    return ("institution", "level", "total", "place", "grade", "why"), rows


def _mark_rows(found: Evaluated, lang: str) -> Rows:
    items = {item.id: item for item in found.card.items}
    dimensions = {d.id: Both(d.zh, d.en) for d in found.card.dimensions}
    rows = []
    for r in found.results():
        for k in found.marks(r["institution_id"]):
            item = items[k["item"]]
            rows.append(
                (found.name(r["institution_id"]), dimensions[k["dimension"]][lang], Both(item.zh, item.en)[lang],
                 basis_words(k)[lang], _Number(k["full"]), _Number(k["mark"]), _Number(k["deduction"]), k[lang],
                 in_words(k["source"], lang))
            )  # fmt: skip
    return ("institution", "dimension", "item", "basis", "full", "mark", "deduction", "why", "source"), rows


def _figure_rows(found: Evaluated, lang: str, only: Sequence[str] | None = None) -> Rows:
    rows = []
    for r in found[FIGURES]:
        if only is not None and r["institution_id"] not in only:
            continue
        indicator = found.registry.indicators[r["indicator"]]
        unit = indicator.unit
        interval = "" if r["low"] is None else f"{show_figure(r['low'], unit)} – {show_figure(r['high'], unit)}"
        few = _WORDS["few"][lang] if r["small"] and r["value"] is not None else ""
        rows.append(
            (found.name(r["institution_id"]), Both(indicator.zh, indicator.en)[lang], _Number(r["value"], unit),
             r["n"], interval, _Number(r["level_value"], unit), _Number(r["area_value"], unit),
             few or r[f"absent_{lang}"] or "")
        )  # fmt: skip
    return ("institution", "indicator", "value", "n", "interval", "same_level", "area", "why"), rows


def _rank_rows(found: Evaluated, lang: str) -> Rows:
    rows = []
    for r in found[RANKS]:
        indicator = found.registry.indicators[r["indicator"]]
        rows.append(
            (Both(indicator.zh, indicator.en)[lang], words_of(r["level"])[lang], found.name(r["institution_id"]),
             _Number(r["value"], indicator.unit), r["n"], *_placed(r, lang))
        )  # fmt: skip
    return ("indicator", "level", "institution", "value", "n", "place", "movement"), rows


def _placed(row: Row, lang: str) -> tuple[str, str]:
    if row["place"] is None:
        return _WORDS["few"][lang], ""
    moved = row["movement"]
    return f"{row['place']}/{row['of']}", "" if moved is None else f"{moved:+d}"


def _effect_rows(found: Evaluated, lang: str) -> Rows:
    rows: list[Sequence[Any]] = [
        (found.name(r["institution_id"]), words_of(r["grade"])[lang], str(r["tier"]),
         show_percent(r["sampling_share"]), "", r[lang])
        for r in found[SUPERVISION_TIERS]
    ]  # fmt: skip
    rows += [
        (r["name"], words_of(r["grade"])[lang], "", "", words_of(r["decision"])[lang], r[lang])
        for r in found[INSTITUTION_CHANGES]
    ]
    return ("institution", "grade", "tier", "sampling", "decision", "why"), rows


def _risk_rows(found: Evaluated) -> Rows:
    rows = [
        (r["drg"], r["score"], r["n"], r["deaths"], show_percent(r["mortality"]), r["years"])
        for r in sorted(found[RISK_CLASSES], key=lambda r: (r["score"], r["drg"]))
    ]
    return ("drg", "score", "n", "deaths", "mortality", "years"), rows


def _note_rows(found: Evaluated, lang: str) -> Rows:
    rows: list[Sequence[Any]] = []
    for i in found.registry.indicators.values():
        rows.append((i.id, Both(i.zh, i.en)[lang], formula_words(i, lang), in_words(i.clause, lang)))
    for item in found.card.items:
        rule = getattr(rule_text(item, found.card.grade_names), lang)
        rows.append((item.id, Both(item.zh, item.en)[lang], rule, in_words(item.source, lang)))
    return ("item", "indicator", "definition", "clause"), rows


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], name: str = "") -> str:
    """Cells are HTML already."""
    titles = "".join(f'<th scope="col">{both(_WORDS[h])}</th>' for h in head)
    body = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in rows)
    mark = f' id="{name}"' if name else ""
    table = f"<table{mark}><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{table}</div>'


def _panel(html: str) -> str:
    return f'<div class="panel">{html}</div>'


def _board(found: Evaluated) -> str:
    """Cards of this year's outcomes, and the years under them."""
    year = found.manifest["year"]
    now = {r["measure"]: r for r in found[OUTCOMES] if r["year"] == year}
    cards = []
    for name, words in MEASURES.items():
        if name not in now:  # evaluated before there was such a measure
            continue
        r = now[name]
        state = {True: "✓", False: "✗", None: ""}[r["met"]]
        style = {True: "good", False: "bad", None: ""}[r["met"]]
        value = Both(*[f"{show_outcome(r['value'], r['unit'])} {state}".strip()] * 2)
        beside = [
            f"{both(_WORDS[k])} {show_outcome(r[k], r['unit'])}" for k in ("before", "target") if r[k] is not None
        ]
        note = both(Both(r["zh"], r["en"])) if r["value"] is None else " · ".join(beside)
        cards.append(
            f'<div class="card {style}"><div class="name">{both(Both(*words))}</div>'
            f'<div class="big">{both(value)}</div><div class="exact">{note}</div></div>'
        )
    rows = [
        (str(r["year"]), both(Both(*MEASURES[r["measure"]])), show_outcome(r["value"], r["unit"]),
         show_outcome(r["before"], r["unit"]), both(Both(r["zh"], r["en"])))
        for r in sorted(found[OUTCOMES], key=lambda r: (list(MEASURES).index(r["measure"]), -r["year"]))
    ]  # fmt: skip
    table = _table(("year", "indicator", "value", "before", "why"), rows)
    return f'<div class="cards">{"".join(cards)}</div>{_panel(table)}'


def _results(found: Evaluated) -> str:
    rows = [
        (
            escape(found.name(r["institution_id"])),
            both(words_of(r["level"])),
            _marks_text(r["total"]),
            f"{r['place']}/{r['of']}" if r["place"] else "–",
            both(words_of(r["grade"])),
            both(Both(r["zh"], r["en"])),
        )
        for r in found.results()
    ]
    return _panel(_table(("institution", "level", "total", "place", "grade", "why"), rows, "t-results"))


def _card(found: Evaluated) -> str:
    """The panel of the chosen institution; the script fills it."""
    options = "".join(
        f'<option value="{i}">{escape(found.name(r["institution_id"]))}</option>'
        for i, r in enumerate(found.results())
    )
    charts = "".join(
        f'<div class="panel"><h3>{both(_WORDS[k])}</h3><div class="chart" id="{k}" role="img"'
        f"{spoken(_WORDS[k], 'aria-label')}></div></div>"
        for k in ("radar", "bullet")
    )
    table = _table(("dimension", "item", "basis", "full", "mark", "deduction", "why", "source"), [], "t-marks")
    chooser = f'<select id="institution"{spoken(_WORDS["choose"], "aria-label")}>{options}</select>'
    return f'<div class="tools">{chooser}</div><div class="grid">{charts}</div>{_panel(table)}'


def _ranks(found: Evaluated) -> str:
    indicators = dict.fromkeys(r["indicator"] for r in found[RANKS])
    if not indicators:
        return f"<p>{both(_WORDS['nothing'])}</p>"
    names = {i: found.registry.indicators[i] for i in indicators}
    options = "".join(
        f'<option value="{i}"{spoken(Both(names[i].zh, names[i].en))}>{escape(names[i].zh)}</option>'
        for i in indicators
    )
    table = _table(("level", "place", "movement", "institution", "value", "n"), [], "t-ranks")
    chooser = f'<select id="indicator"{spoken(_WORDS["choose_indicator"], "aria-label")}>{options}</select>'
    return _panel(f'<div class="tools">{chooser}</div>{table}')


def _effects(found: Evaluated) -> str:
    parts = []
    if found[SUPERVISION_TIERS]:
        rows = [
            (escape(found.name(r["institution_id"])), both(words_of(r["grade"])), str(r["tier"]),
             show_percent(r["sampling_share"]))
            for r in found[SUPERVISION_TIERS]
        ]  # fmt: skip
        parts.append(_table(("institution", "grade", "tier", "sampling"), rows))
    if found[INSTITUTION_CHANGES]:
        changes = [
            (escape(r["name"]), *(both(words_of(r[k])) for k in ("level", "grade", "decision")),
             both(Both(r["zh"], r["en"])))
            for r in found[INSTITUTION_CHANGES]
        ]  # fmt: skip
        parts.append(_table(("institution", "level", "grade", "decision", "why"), changes))
    return "".join(map(_panel, parts)) or f"<p>{both(_WORDS['nothing'])}</p>"


def _page(
    found: Evaluated,
    title: Both,
    sections: Sequence[tuple[str, str]],
    target: Path,
    lang: str,
    whole: Evaluated | None = None,
) -> None:
    check_language(lang)
    facts = both(
        Both(
            *(
                f"{found.manifest['software']} · {Both(found.card.zh, found.card.en)[lang]} · {registry} "
                f"{found.manifest['indicators']}"
                for lang, registry in (("zh", "指标库版本"), ("en", "registry of indicators"))
            )
        )
    )
    write_frame(
        target,
        lang,
        title[lang],
        heading=both(title),
        subheading=both(Both(in_words(found.card.source, "zh"), in_words(found.card.source, "en"))),
        sections=[(key, _WORDS[key], html) for key, html in sections],
        footer=f"<p>{facts}</p>",
        data=_figures(found, whole or found, lang),
        script="evaluation.js",
    )


def _figures(found: Evaluated, whole: Evaluated, lang: str) -> dict[str, Any]:
    """What the script draws: marks in 1/10,000 of a point, shares of full marks in 1/10,000, printed texts."""
    items = {item.id: item for item in found.card.items}
    pairs = {d.id: {"zh": d.zh, "en": d.en} for d in found.card.dimensions}
    shares: dict[tuple[str, str], list[int]] = defaultdict(list)
    for r in whole.results():
        for name, mark, full in whole.dimensions(r["institution_id"]):
            if full:
                shares[r["level"], name].append(half_up(mark * ONE, full))
    institutions = []
    for r in found.results():
        dimensions = [
            {
                "name": pairs[name],
                "share": half_up(mark * ONE, full),
                "level": half_up(sum(shares[r["level"], name]), len(shares[r["level"], name])),
            }
            for name, mark, full in found.dimensions(r["institution_id"])
            if full
        ]
        institutions.append(
            {
                "name": found.name(r["institution_id"]),
                "dimensions": dimensions,
                "items": [
                    {
                        "dimension": pairs[k["dimension"]],
                        "name": {"zh": items[k["item"]].zh, "en": items[k["item"]].en},
                        "basis": {"zh": basis_words(k).zh, "en": basis_words(k).en},
                        "full": k["full"],
                        "mark": k["mark"],
                        "shown": [show_number(k["full"]), _marks_text(k["mark"]), show_number(k["deduction"])],
                        "why": {"zh": k["zh"], "en": k["en"]},
                        "source": {"zh": in_words(k["source"], "zh"), "en": in_words(k["source"], "en")},
                    }
                    for k in found.marks(r["institution_id"])
                ],
            }
        )
    return {
        "lang": lang,
        "words": {key: {"zh": text.zh, "en": text.en} for key, text in _WORDS.items()},
        "institutions": institutions,
        "ranks": [
            {
                "indicator": r["indicator"],
                "level": {"zh": words_of(r["level"]).zh, "en": words_of(r["level"]).en},
                "name": found.name(r["institution_id"]),
                "value": show_figure(r["value"], found.registry.indicators[r["indicator"]].unit),
                "n": r["n"],
                "place": r["place"],
                "of": r["of"],
                "moved": r["movement"],
            }
            for r in sorted(found[RANKS], key=lambda r: (r["indicator"], r["level"], r["place"] or 10**9))
        ],
    }

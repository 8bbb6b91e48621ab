"""The run as one HTML page: charts to look at, tables to check, both languages, no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

from drgpay.report import views
from drgpay.report.html import both as _both
from drgpay.report.html import embedded as _embedded
from drgpay.report.html import spoken as _spoken
from drgpay.report.labels import LANGUAGES, Both, check_language, word, words
from drgpay.report.source import Row, Source, read_source
from drgpay.report.views import NUMBERS, Field, View, show
from drgpay.tables import CLOSINGS, LEVELS, STATEMENTS
from drgpay.units import half_up, show_fen, show_percent

STEPS = (
    ("due", "absolute", 1),
    ("surplus_returned", "relative", -1),
    ("overspend_shared", "relative", 1),
    ("deposit_forfeited", "relative", -1),
    ("second_distribution", "relative", 1),
    ("violations", "relative", -1),
    ("damages", "relative", -1),
    ("settled", "total", 1),
    ("paid_in_months", "relative", -1),
    ("advance_netted", "relative", -1),
    ("debt_netted", "relative", -1),
    ("final_payment", "total", 1),
)
"""Steps of a statement, as a waterfall: column, how it stands, sign (design/05)."""

_SELDOM = frozenset({"violations", "damages", "advance_netted", "debt_netted"})
"""steps drawn only where they are not zero"""
_TINTS = {"returned": "surplus", "carried_over": "other", "risk_draw": "overspend", "recovered": "secondary"}
_COMPACT = {
    "zh": ((10**10, " 亿元"), (10**6, " 万元"), (100, " 元")),
    "en": ((10**11, "bn yuan"), (10**8, "m yuan"), (10**5, "k yuan"), (100, " yuan")),
}


def write_page(run: Path, target: Path, lang: str = "zh") -> None:
    """Write the page of the run in folder ``run`` to ``target`` (.html); the same run gives the same bytes.

    One file with everything in it: it opens offline, and its content policy forbids any load. Both languages are in
    the page; ``lang``, ``zh`` or ``en``, is the one it opens with. Every chart has its table. Raises
    :class:`~drgpay.errors.DrgpayError` USAGE (language), DATA (no run).
    """
    check_language(lang)
    source = read_source(run)
    when = [_period(source), word(f"kind_{source.manifest.get('kind')}")]
    sections = (
        ("summary", _summary(source)),
        ("flow", _flows(source)),
        ("months", _months(source)),
        ("institutions", _institutions(source)),
        ("groups", _groups(source)),
        ("findings", _findings(source)),
    )
    here = files(__package__)
    page = Template((here / "page.html").read_text(encoding="utf-8")).substitute(
        lang="zh-CN" if lang == "zh" else "en",
        title=escape(" ".join([source.title[lang], *(w[lang] for w in when)])),
        css=(here / "page.css").read_text(encoding="utf-8"),
        skip=_both(word("skip")),
        brand="drgpay",
        links="".join(f'<a href="#{key}">{_both(word(key))}</a>' for key, _ in sections),
        scheme_buttons=_scheme_buttons(source),
        language=_both(word("language")),
        heading=f"{_both(source.title)} · {_both(word('title'))}",
        subheading=" · ".join(_both(w) for w in when),
        body="\n".join(
            f'<section id="{key}"><h2>{_both(word(key))}</h2>\n{html}</section>' for key, html in sections
        ),
        footer=_footer(source),
        noscript=_both(word("charts_need_script")),
        data=_embedded(_figures(source, lang)),
        plotly=get_plotlyjs(),
        script=(here / "page.js").read_text(encoding="utf-8"),
    )
    target.write_text(page, encoding="utf-8", newline="\n")


def _period(source: Source) -> Both:
    year, month = source.manifest.get("year"), source.manifest.get("month")
    return Both(f"{year}年{month}月", f"{year}-{month:02d}") if month else Both(f"{year}年", f"{year}")


def _compact(fen: int, lang: str) -> str:
    """An amount to read at a glance, rounded half up to two decimals of its unit; the exact one stands beside it."""
    size, unit = next((s for s in _COMPACT[lang] if abs(fen) >= s[0]), _COMPACT[lang][-1])
    return show_fen(half_up(fen * 100, size)) + unit


def _card(name: str, big: Both, exact: str = "", style: str = "") -> str:
    return (
        f'<div class="card {style}"><div class="name">{name}</div><div class="big">{_both(big)}</div>'
        f'<div class="exact">{exact}</div></div>'
    )


def _money_card(name: str, fen: int | None, style: str = "") -> str:
    if fen is None:
        return _card(name, Both("–", "–"), style=style)
    return _card(name, Both(**_compact_both(fen)), f"{show_fen(fen)} {_both(word('yuan'))}", style)


def _summary(source: Source) -> str:
    """Cards: stays, institutions in surplus and overspend, findings; then per insurance scheme."""
    counts = source.manifest.get("counts") or {}
    accepted, grouped = counts.get("stays_ok"), counts.get("grouped")
    settled = sum(counts.get(key) or 0 for key in ("grouped", "ungrouped", "qy"))
    share = Both(*[show_percent(half_up(grouped * 10_000, settled))] * 2) if settled and grouped is not None else None
    rows = [row for row in source.institutions() if row["n"]]
    signs = [sum(row["balance"] > 0 for row in rows), sum(row["balance"] < 0 for row in rows)]
    separate = " · ".join(
        f"{_both(word(key))} {show('int', counts.get(key)).zh}" for key in ("rejected", "ungrouped", "qy")
    )
    cards = [
        _card(_both(word("stays_ok")), show("int", accepted), separate),
        *([_card(_both(word("grouped_share")), share)] if share else []),
        _card(f"{_both(word('in_surplus'))} / {_both(word('in_overspend'))}", _slash(signs)),
        _card(_both(word("findings")), show("int", sum(row["count"] for row in source.finding_counts))),
    ]
    figures = {figure.key: figure for figure in views.summary(source)}
    blocks = [f'<div class="cards">{"".join(cards)}</div>']
    for i, scheme in enumerate(source.schemes):
        mine = {key: figure.values[i] for key, figure in figures.items()}
        balance = mine["balance"]
        n, points = show("int", mine["n"]).zh, show("points", mine["points"]).zh
        volume = f"{n} {_both(word('stays'))} · {points} {_both(word('unit_points'))}"
        blocks.append(
            f'<h3 class="of">{_both(word(scheme))}</h3><div class="cards">'
            + _card(_both(figures["point_value"].head), show("price", mine["point_value"]), volume, scheme)
            + "".join(
                _money_card(_both(figures[k].head), mine[k], scheme) for k in ("distributable", "due", "actual")
            )
            + _money_card(
                _both(figures["balance"].head), balance, f"{scheme} {'bad' if (balance or 0) < 0 else 'good'}"
            )
            + "</div>"
        )
    return "\n".join(blocks)


def _slash(numbers: Iterable[int]) -> Both:
    text = " / ".join(f"{n:,}" for n in numbers)
    return Both(text, text)


def _panel(html: str, title: str = "", hint: str = "", style: str = "") -> str:
    head = f"<h3>{_both(word(title))}</h3>" if title else ""
    head += f'<p class="hint">{_both(word(hint))}</p>' if hint else ""
    return f'<div class="panel {style}">{head}{html}</div>'


def _chart(name: str, label: str) -> str:
    return f'<div class="chart" id="{name}" role="img"{_spoken(word(label), "aria-label")}></div>'


def _folded(title: str, table: str) -> str:
    return f"<details><summary>{_both(word(title))}</summary>{table}</details>"


def _flows(source: Source) -> str:
    """Per insurance scheme: sources and uses as a flow, balanced to the fen, and both sides in figures."""
    figures = views.conservation(source)
    if not figures:
        return f"<p>{_both(word('flow_missing'))}</p>"
    panels = []
    for i, scheme in enumerate(source.schemes):
        good = figures[-1].values[i] == 0
        badge = f'<span class="badge {"good" if good else "bad"}">{"✓" if good else "✗"} ' + (
            f"{_both(word('balanced' if good else 'unbalanced'))}</span>"
        )
        lines = "".join(
            f'<tr><th scope="row">{_both(f.head)}</th><td class="number">{show("fen", f.values[i]).zh}</td></tr>'
            for f in figures
        )
        table = f'<div class="scroll"><table><caption>{_both(word("flow_table"))}</caption>{lines}</table></div>'
        moved = any(f.values[i] for f in figures)
        chart = _chart(f"flow-{scheme}", "flow") if moved else f"<p>{_both(word('flow_empty'))}</p>"
        panels.append(_panel(f"{badge}<h3>{_both(word(scheme))}</h3>{chart}{_folded('flow_table', table)}"))
    return f'<p class="hint">{_both(word("flow_hint"))}</p><div class="grid">{"".join(panels)}</div>'


def _months(source: Source) -> str:
    view = views.months(source)
    if not view.rows:
        return f"<p>{_both(word('no_rows'))}</p>"
    charts = (("stays", "stays_by_month"), ("values", "value_by_month"))
    panels = "".join(_panel(_chart(name, label), label) for name, label in charts)
    return f'<div class="grid">{panels}</div>{_folded("month_table", _table(view, "t-months"))}'


def _institutions(source: Source) -> str:
    view = views.institutions(source)
    if not view.rows:
        return f"<p>{_both(word('no_rows'))}</p>"
    coefficients = _chart("coefficients", "coefficient_chart")
    coefficients += _folded("coefficient_table", _table(views.coefficients(source), "t-coefficients"))
    pair = [_panel(coefficients, "coefficient_chart")] if source.tables["coefficients"] else []
    if any(row.get("cmi") is not None for row in view.rows):
        pair.insert(0, _panel(_chart("use", "use_chart"), "use_chart", "use_hint"))
    cleared = bool(source.tables["statements"])
    parts = [
        _panel(_chart("balances", "balance_chart"), "balance_chart", "balance_hint" if cleared else ""),
        f'<div class="grid">{"".join(pair)}</div>',
    ]
    if cleared:
        parts.append(_statement(view.rows))
    parts.append(_panel(_table(view, "t-institutions"), "institution_table", style="long"))
    return "\n".join(parts)


def _statement(rows: Sequence[Row]) -> str:
    """The panel of one institution: the script fills it with the chosen one's steps."""
    options = "".join(
        f'<option value="{i}" data-scheme="{row["insurance_scheme"]}">{escape(row["name"])}</option>'
        for i, row in enumerate(rows)
    )
    table = (
        f'<div class="scroll"><table id="t-statement"><caption>{_both(word("statement_table"))}</caption>'
        "<tbody></tbody></table></div>"
    )
    return (
        f'<div class="panel" id="statement-panel"><h3>{_both(word("statement_chart"))}: '
        f'<span id="statement-name"></span></h3><p class="hint">{_both(word("statement_hint"))}</p>'
        f'<div class="tools"><select id="institution"'
        f"{_spoken(word('choose_institution'), 'aria-label')}>{options}</select></div>"
        f"{_chart('statement', 'statement_chart')}{_folded('statement_table', table)}</div>"
    )


def _groups(source: Source) -> str:
    view = views.groups(source)
    if not view.rows:
        return f"<p>{_both(word('no_rows'))}</p>"
    search = f'<input type="search" id="search"{_spoken(word("search_groups"), "aria-label", "placeholder")}>'
    return _panel(_chart("groups-chart", "group_chart"), "group_chart", "group_hint") + _panel(
        f'<div class="tools">{search}</div>{_table(view, "t-groups")}', "group_table", style="long"
    )


def _findings(source: Source) -> str:
    view = views.rule_counts(source)
    return _panel(_table(view, "t-findings")) if view.rows else f"<p>{_both(word('no_findings'))}</p>"


def _table(view: View, name: str) -> str:
    """A sortable table; sums per insurance scheme where there is one, as the script shows one scheme at a time."""
    heads = "".join(
        f'<th scope="col" class="{_style(f)}" title="{escape(f.note.zh)} · {escape(f.note.en)}">'
        f'<button type="button">{_both(f.head)}</button></th>'
        for f in view.fields
    )
    by_scheme = "insurance_scheme" in {f.name for f in view.fields}
    body = []
    for i, row in enumerate(view.rows):
        mark = f' data-index="{i}" data-scheme="{row["insurance_scheme"]}"' if by_scheme else ""
        body.append(f"<tr{mark}>{''.join(_cell(f, row, name) for f in view.fields)}</tr>")
    foot = []
    if view.totals:
        for scheme in dict.fromkeys(row.get("insurance_scheme") for row in view.rows):
            mine = [row for row in view.rows if row.get("insurance_scheme") == scheme]
            sums = view.total(mine)
            cells = "".join(
                f'<td class="{_style(f)}">{show(f.kind, sums[f.name]).zh if f.name in sums else ""}</td>'
                for f in view.fields[1:]
            )
            mark = f' data-scheme="{scheme}"' if scheme else ""
            foot.append(f"<tr{mark}><td>{_both(word('total'))}</td>{cells}</tr>")
    return (
        f'<div class="scroll" tabindex="0"><table id="{name}"><caption>{_both(word(view.key))}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody><tfoot>{''.join(foot)}</tfoot></table></div>"
    )


def _style(column: Field) -> str:
    if column.kind in NUMBERS or column.kind == "month":
        return "number"
    return "wide" if column.name in ("name", "drg_name", "message") else ""


def _cell(column: Field, row: Row, table: str) -> str:
    value = row[column.name]
    text = _both(show(column.kind, value))
    if column.name == "name" and table == "t-institutions" and "settled" in row:
        text = f'<button type="button">{text}</button>'
    raw = f' data-v="{"" if value is None else value}"' if _style(column) == "number" else ""
    style = f' class="{_style(column)}"' if _style(column) else ""
    return f"<td{style}{raw}>{text}</td>"


def _scheme_buttons(source: Source) -> str:
    buttons = "".join(
        f'<button type="button" data-choose="{s}" aria-pressed="false">{_both(word(s))}</button>'
        for s in source.schemes
    )
    return f'<div class="choice" role="group"{_spoken(word("scheme_choice"), "aria-label")}>{buttons}</div>'


def _footer(source: Source) -> str:
    facts = "".join(f"<dt>{_both(name)}</dt><dd>{_both(value)}</dd>" for name, value in views.facts(source))
    checks = "".join(f"<li>{_both(text)}</li>" for key, text in words().items() if key.startswith("verify_"))
    return (
        f'<h2>{_both(word("run"))}</h2><dl class="facts">{facts}</dl>'
        f"<h2>{_both(word('how_to_verify'))}</h2><ul>{checks}</ul>"
    )


def _figures(source: Source, lang: str) -> dict[str, Any]:
    """What the charts draw: whole numbers of the run, and the words in both languages."""
    columns = {f.name: f.head for view in (views.institutions(source), views.groups(source)) for f in view.fields}
    columns |= {name: views.field(name, CLOSINGS).head for name in (*views.SOURCES, *views.USES)}
    columns |= {key: views.field(key, STATEMENTS).head for key, _, _ in STEPS}
    texts = {**columns, **words()}
    wanted = ("n", "balance", *(key for key, _, _ in STEPS))
    months = [row for row in source.tables["pools"] if row["month"]]
    institutions = source.institutions()
    return {
        "lang": lang,
        "schemes": source.schemes,
        "words": {key: {"zh": text.zh, "en": text.en} for key, text in texts.items()},
        "steps": [
            {"key": key, "measure": measure, "sign": sign, "seldom": key in _SELDOM} for key, measure, sign in STEPS
        ],
        "flows": [_flow(row, institutions) for row in source.tables["closings"]],
        "months": [
            {"scheme": r["insurance_scheme"], "month": r["month"], "n": r["n"], "value": r["point_value"]}
            for r in months
        ],
        "year_values": {r["insurance_scheme"]: r["point_value"] for r in source.tables["pools"] if not r["month"]},
        "institutions": [
            {
                "index": i,
                "id": row["institution_id"],
                "scheme": row["insurance_scheme"],
                "name": row["name"],
                "level": row["level"],
                "cmi": row.get("cmi"),
                "use_ratio": row["use_ratio"],
                **{key: row.get(key) for key in wanted},
            }
            for i, row in enumerate(institutions)
        ],
        "coefficients": [
            {"name": row["name"], "level": row["level"], "value": row["value"]}
            for row in views.coefficients(source).rows
            if row["component"] == "total"
        ],
        "groups": [
            {"name": row["drg_name"], **{k: row[k] for k in ("drg", "n", "mean_cost", "cv", "stable", "base_points")}}
            for row in views.groups(source).rows
        ],
    }


def _flow(row: Row, institutions: Sequence[Row]) -> dict[str, Any]:
    """A closing as a flow; what was paid goes on to the levels when the statements add up to it."""
    sides = [("source", key) for key in views.SOURCES] + [("use", key) for key in views.USES]
    levels = dict.fromkeys(LEVELS, 0)
    for one in institutions:
        if one["insurance_scheme"] == row["insurance_scheme"] and "paid_in_months" in one:
            levels[one["level"]] += one["paid_in_months"] + one["advance_netted"] + max(one["final_payment"], 0)
    if sum(levels.values()) != row["paid"]:
        levels = {}
    return {
        "scheme": row["insurance_scheme"],
        "shown": _compact_both(sum(row[key] for key in views.SOURCES)),
        "parts": [{"side": side, "tint": _TINTS.get(key, "total"), **_amount(key, row[key])} for side, key in sides],
        "levels": [_amount(level, fen) for level, fen in levels.items() if fen],
    }


def _amount(key: str, fen: int) -> dict[str, Any]:
    return {"key": key, "fen": fen, "shown": _compact_both(fen)}


def _compact_both(fen: int) -> dict[str, str]:
    return {lang: _compact(fen, lang) for lang in LANGUAGES}

"""The run as one HTML page: charts to look at, tables to check, both languages, no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from drgpay.report import views
from drgpay.report.html import both, card, chart, compact, panel, spoken, view_table, write_frame
from drgpay.report.labels import Both, check_language, word, words
from drgpay.report.source import Row, Source, read_source
from drgpay.report.views import show
from drgpay.tables import CLOSINGS, LEVELS, STATEMENTS
from drgpay.units import ONE, half_up, show_fen, show_percent

STEPS = (
    ("due", "absolute", 1),
    ("surplus_returned", "relative", -1),
    ("overspend_shared", "relative", 1),
    ("deposit_forfeited", "relative", -1),
    ("second_distribution", "relative", 1),
    ("violations", "relative", -1),
    ("damages", "relative", -1),
    ("assessment_forfeited", "relative", -1),
    ("settled", "total", 1),
    ("paid_in_months", "relative", -1),
    ("advance_netted", "relative", -1),
    ("debt_netted", "relative", -1),
    ("held", "relative", -1),
    ("passed", "relative", -1),
    ("moved", "relative", -1),
    ("moved", "relative", -1),
    ("final_payment", "total", 1),
)
"""Steps of a statement, as a waterfall: column, how it stands, sign (design/05)."""

_SELDOM = frozenset(
    {
        "violations", "damages", "assessment_forfeited", "advance_netted", "debt_netted", "held", "passed", "moved",
    }
)  # fmt: skip
"""steps drawn only where they are not zero"""
_SCREEN_ONLY = frozenset(
    (
        "institution_id", "keep_share", "overspend_reasonable", "deposit_held", "violations", "damages",
        "advance_netted", "debt_netted", "debt_passed", "assessment_held", "assessment_forfeited", "held",
        "modes_held", "passed", "successor", "moved", "cost", "points",
    )
)  # fmt: skip
"""columns of the institutions' table that are not printed: a sheet of paper has no room for them"""
_TINTS = {"returned": "surplus", "carried_over": "other", "risk_draw": "overspend", "recovered": "secondary"}


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
        *([("modes", _modes(source))] if source.tables["expenditure_by_mode"] else []),
        ("findings", _findings(source)),
    )
    write_frame(
        target,
        lang,
        " ".join([source.title[lang], *(w[lang] for w in when)]),
        heading=f"{both(source.title)} · {both(word('title'))}",
        subheading=" · ".join(both(w) for w in when),
        sections=[(key, word(key), html) for key, html in sections],
        footer=_footer(source),
        data=_figures(source, lang),
        script="page.js",
        buttons=_scheme_buttons(source),
    )


def _period(source: Source) -> Both:
    year, month = source.manifest.get("year"), source.manifest.get("month")
    return Both(f"{year}年{month}月", f"{year}-{month:02d}") if month else Both(f"{year}年", f"{year}")


def _money_card(name: str, fen: int | None, style: str = "") -> str:
    if fen is None:
        return card(name, Both("–", "–"), style=style)
    return card(name, Both(**compact(fen)), f"{show_fen(fen)} {both(word('yuan'))}", style)


TOGETHER = "together"
"""both insurance schemes: the third choice of the filter, and what the sums over them are called"""


def _together(institutions: Sequence[Row]) -> list[Row]:
    """One row per institution, its rows of all insurance schemes added; ratios anew from the sums."""
    added: dict[str, Row] = {}
    for row in institutions:
        its = added.setdefault(
            row["institution_id"],
            {"institution_id": row["institution_id"], "name": row["name"], "level": row["level"], "cmi_n": 0},
        )
        for key in {"n", "balance", "due", "actual", *(name for name, _, _ in STEPS)} & row.keys():
            its[key] = its.get(key, 0) + (row[key] or 0)
        its["cmi_n"] += (row.get("cmi") or 0) * row["n"]
    for its in added.values():
        its["insurance_scheme"] = TOGETHER
        its["use_ratio"] = half_up(its["actual"] * ONE, its["due"]) if its["due"] else None
        its["cmi"] = half_up(its["cmi_n"], its["n"]) if its["n"] else None
    return list(added.values())


def _summary(source: Source) -> str:
    """Cards: the year's stays, other years apart, institutions in surplus and overspend, findings; then the money of
    each insurance scheme and of both together."""
    counts = source.manifest.get("counts") or {}
    accepted, grouped = counts.get("stays_ok"), counts.get("grouped")
    settled = sum(counts.get(key) or 0 for key in ("grouped", "ungrouped", "qy"))
    share = Both(*[show_percent(half_up(grouped * 10_000, settled))] * 2) if settled and grouped is not None else None
    rows = [row for row in _together(source.institutions()) if row["n"]]
    signs = [sum(row["balance"] > 0 for row in rows), sum(row["balance"] < 0 for row in rows)]
    separate = " · ".join(f"{both(word(key))} {show('int', counts.get(key)).zh}" for key in ("ungrouped", "qy"))
    others = None if accepted is None else accepted - settled
    cards = [
        card(both(word("stays_of_period")), show("int", settled), separate),
        *([card(both(word("grouped_share")), share, both(word("share_of_period")))] if share else []),
        card(
            f"{both(word('in_surplus'))} / {both(word('in_overspend'))}",
            _slash(signs),
            f"{both(word('institutions_counted'))} {len(rows):,}",
        ),
        card(
            both(word("stays_of_other_years")),
            show("int", others),
            f"{both(word('rejected'))} {show('int', counts.get('rejected')).zh}",
        ),
        card(
            both(word("findings")),
            show("int", sum(row["count"] for row in source.finding_counts)),
            both(word("findings_counted")),
        ),
    ]
    figures = {figure.key: figure for figure in views.summary(source)}
    blocks = [f'<div class="cards">{"".join(cards)}</div>']
    for i, scheme in enumerate(source.schemes):
        mine = {key: figure.values[i] for key, figure in figures.items()}
        balance = mine["balance"]
        n, points = show("int", mine["n"]).zh, show("points", mine["points"]).zh
        volume = f"{n} {both(word('stays'))} · {points} {both(word('unit_points'))}"
        blocks.append(
            f'<h3 class="of">{both(word(scheme))}</h3><div class="cards">'
            + card(both(figures["point_value"].head), show("price", mine["point_value"]), volume, scheme)
            + "".join(_money_card(both(figures[k].head), mine[k], scheme) for k in ("distributable", "due", "actual"))
            + _money_card(
                both(figures["balance"].head), balance, f"{scheme} {'bad' if (balance or 0) < 0 else 'good'}"
            )
            + "</div>"
        )
    if len(source.schemes) > 1:
        blocks.append(_of_all(figures))
    return "\n".join(blocks)


def _of_all(figures: Mapping[str, views.Figure]) -> str:
    """The money of all insurance schemes together; point values are apart and do not add up."""
    stays = card(
        both(word("stays")),
        show("int", figures["n"].total),
        f"{show('points', figures['points'].total).zh} {both(word('unit_points'))}",
        TOGETHER,
    )
    money = (
        _money_card(both(figures[k].head), figures[k].total, TOGETHER) for k in ("distributable", "due", "actual")
    )
    balance = figures["balance"].total
    last = _money_card(
        both(figures["balance"].head), balance, f"{TOGETHER} {'bad' if (balance or 0) < 0 else 'good'}"
    )
    return f'<h3 class="of">{both(word(TOGETHER))}</h3><div class="cards">{stays}{"".join(money)}{last}</div>'


def _slash(numbers: Iterable[int]) -> Both:
    text = " / ".join(f"{n:,}" for n in numbers)
    return Both(text, text)


def _folded(title: str, table: str) -> str:
    return f"<details><summary>{both(word(title))}</summary>{table}</details>"


def _flows(source: Source) -> str:
    """Per insurance scheme: sources and uses as a flow, balanced to the fen, and both sides in figures."""
    figures = views.conservation(source)
    if not figures:
        return f"<p>{both(word('flow_missing'))}</p>"
    panels = []
    for i, scheme in enumerate(source.schemes):
        good = figures[-1].values[i] == 0
        badge = f'<span class="badge {"good" if good else "bad"}">{"✓" if good else "✗"} ' + (
            f"{both(word('balanced' if good else 'unbalanced'))}</span>"
        )
        lines = "".join(
            f'<tr><th scope="row">{both(f.head)}</th><td class="number">{show("fen", f.values[i]).zh}</td></tr>'
            for f in figures
        )
        table = f'<div class="scroll"><table><caption>{both(word("flow_table"))}</caption>{lines}</table></div>'
        moved = any(f.values[i] for f in figures)
        drawn = chart(f"flow-{scheme}", "flow") if moved else f"<p>{both(word('flow_empty'))}</p>"
        panels.append(panel(f"{badge}<h3>{both(word(scheme))}</h3>{drawn}{_folded('flow_table', table)}"))
    return f'<p class="hint">{both(word("flow_hint"))}</p><div class="grid">{"".join(panels)}</div>'


def _months(source: Source) -> str:
    view = views.months(source)
    if not view.rows:
        return f"<p>{both(word('no_rows'))}</p>"
    charts = (("stays", "stays_by_month"), ("values", "value_by_month"))
    panels = "".join(panel(chart(name, label), label) for name, label in charts)
    return f'<div class="grid">{panels}</div>{_folded("month_table", view_table(view, "t-months"))}'


def _institutions(source: Source) -> str:
    view = views.institutions(source)
    if not view.rows:
        return f"<p>{both(word('no_rows'))}</p>"
    coefficients = chart("coefficients", "coefficient_chart")
    coefficients += _folded("coefficient_table", view_table(views.coefficients(source), "t-coefficients"))
    pair = [panel(coefficients, "coefficient_chart")] if source.tables["coefficients"] else []
    if any(row.get("cmi") is not None for row in view.rows):
        pair.insert(0, panel(chart("use", "use_chart"), "use_chart", "use_hint"))
    cleared = bool(source.tables["statements"])
    parts = [
        panel(chart("balances", "balance_chart"), "balance_chart", "balance_hint" if cleared else ""),
        f'<div class="grid">{"".join(pair)}</div>',
    ]
    if cleared:
        parts.append(_statement([*view.rows, *_together(source.institutions())]))
    hint = f'<p class="hint on-paper">{both(word("print_columns"))}</p>'
    parts.append(panel(hint + view_table(view, "t-institutions", _SCREEN_ONLY), "institution_table", style="long"))
    return "\n".join(parts)


def _statement(rows: Sequence[Row]) -> str:
    """The panel of one institution: the script fills it with the chosen one's steps."""
    options = "".join(
        f'<option value="{i}" data-scheme="{row["insurance_scheme"]}">{escape(row["name"])}</option>'
        for i, row in enumerate(rows)
    )
    table = (
        f'<div class="scroll"><table id="t-statement"><caption>{both(word("statement_table"))}</caption>'
        "<tbody></tbody></table></div>"
    )
    return (
        f'<div class="panel" id="statement-panel"><h3>{both(word("statement_chart"))}: '
        f'<span id="statement-name"></span></h3><p class="hint">{both(word("statement_hint"))}</p>'
        f'<div class="tools"><select id="institution"'
        f"{spoken(word('choose_institution'), 'aria-label')}>{options}</select></div>"
        f"{chart('statement', 'statement_chart')}{_folded('statement_table', table)}</div>"
    )


def _groups(source: Source) -> str:
    view = views.groups(source)
    if not view.rows:
        return f"<p>{both(word('no_rows'))}</p>"
    search = f'<input type="search" id="search"{spoken(word("search_groups"), "aria-label", "placeholder")}>'
    return panel(chart("groups-chart", "group_chart"), "group_chart", "group_hint") + panel(
        f'<div class="tools">{search}</div>{view_table(view, "t-groups")}', "group_table", style="long"
    )


def _modes(source: Source) -> str:
    """Composition of expenditure by mode, then by institution and month, then what belongs to single modes."""
    parts = [panel(view_table(views.modes(source), "t-modes"), "", "modes_hint")]
    for view in (views.institution_modes, views.communities, views.bed_days, views.other_areas):
        shown = view(source)
        if shown.rows:
            parts.append(panel(_folded(shown.key, view_table(shown, f"t-{shown.key}"))))
    return "\n".join(parts)


def _findings(source: Source) -> str:
    view = views.rule_counts(source)
    return panel(view_table(view, "t-findings")) if view.rows else f"<p>{both(word('no_findings'))}</p>"


def _scheme_buttons(source: Source) -> str:
    buttons = "".join(
        f'<button type="button" data-choose="{s}" aria-pressed="false">{both(word(s))}</button>'
        for s in (*source.schemes, *([TOGETHER] if len(source.schemes) > 1 else []))
    )
    return f'<div class="choice" role="group"{spoken(word("scheme_choice"), "aria-label")}>{buttons}</div>'


def _footer(source: Source) -> str:
    facts = "".join(f"<dt>{both(name)}</dt><dd>{both(value)}</dd>" for name, value in views.facts(source))
    checks = "".join(f"<li>{both(text)}</li>" for key, text in words().items() if key.startswith("verify_"))
    return (
        f'<h2>{both(word("run"))}</h2><dl class="facts">{facts}</dl>'
        f"<h2>{both(word('how_to_verify'))}</h2><ul>{checks}</ul>"
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
    shown = [*institutions, *(_together(institutions) if len(source.schemes) > 1 else [])]
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
            for i, row in enumerate(shown)
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
        "shown": compact(sum(row[key] for key in views.SOURCES)),
        "parts": [{"side": side, "tint": _TINTS.get(key, "total"), **_amount(key, row[key])} for side, key in sides],
        "levels": [_amount(level, fen) for level, fen in levels.items() if fen],
    }


def _amount(key: str, fen: int) -> dict[str, Any]:
    return {"key": key, "fen": fen, "shown": compact(fen)}

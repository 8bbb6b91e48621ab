"""A simulation on paper: workbook, page with charts, or JSON, from the plain content of a comparison or a sweep."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import xlsxwriter

from drgpay import __version__
from drgpay.errors import DrgpayError, Kind
from drgpay.places import drafted, write_text
from drgpay.policy import parameter_words
from drgpay.report.html import both, card, chart, compact, panel, view_table, write_frame
from drgpay.report.labels import LANGUAGES, Both, check_language, column_words, word, words
from drgpay.report.source import Row
from drgpay.report.views import Field, View, show
from drgpay.report.workbook import CREATED, Writer
from drgpay.sources import in_words
from drgpay.tables import INSTITUTIONS, STATEMENTS
from drgpay.units import ONE, half_up
from drgpay.words import value_words

_MEASURES = (("points", "points"), ("due", "fen"), ("settled", "fen"), ("balance", "fen"))
_SIDES = ("old", "new", "diff")
_UNITS = {"due, settled, balance, distributable, mean_cost": "fen", "points, coefficient, gini": "1/10,000"}


def write_whatif(content: Mapping[str, Any], target: Path, lang: str = "zh") -> None:
    """Write a simulation to ``target``: ``.xlsx``, ``.html`` (one file, offline, both languages) or ``.json``.

    ``content`` is what a comparison or a sweep of ``drgpay.runs`` gives as plain values; the same content gives the
    same bytes. Raises USAGE for another language or another kind of file.
    """
    check_language(lang)
    check_whatif_target(target)
    _WRITERS[target.suffix.lower()](content, target, lang)


def check_whatif_target(target: Path) -> None:
    """Fail with USAGE when a simulation cannot be written to a file of this name."""
    if target.suffix.lower() not in _WRITERS:
        raise DrgpayError(
            Kind.USAGE,
            zh="不认识的文件格式",
            en="unknown kind of file",
            value=target.name,
            fix_zh="用 .xlsx、.html 或 .json",
            fix_en="use .xlsx, .html or .json",
        )


def _write_json(content: Mapping[str, Any], target: Path, lang: str) -> None:
    text = json.dumps({"units": _UNITS, **content}, ensure_ascii=False, indent=1)
    write_text(target, text + "\n")


def _write_book(content: Mapping[str, Any], target: Path, lang: str) -> None:
    with (
        drafted(target) as draft,
        xlsxwriter.Workbook(draft, {"strings_to_formulas": False, "strings_to_urls": False}) as book,
    ):
        book.set_properties({"title": _title(content)[lang], "created": CREATED})
        writer = Writer(book, lang)
        if content["kind"] == "sweep":
            writer.tables("sweep", [*([_changes(content)] if content["changes"] else []), _sweep(content)])
        else:
            _summary_sheet(writer, content)
            writer.tables("levels", [_levels(content)])
            writer.tables("institutions", [_institutions(content)])
            writer.tables("statements", [_statements(content)])


def _summary_sheet(writer: Any, content: Mapping[str, Any]) -> None:
    """Changed parameters, and the figures of the year before and after: each row has its own kind of number."""
    lang, changes = writer.lang, _changes(content)
    sheet = writer.sheet("summary")
    sheet.write_string(0, 0, _title(content)[lang], writer.title)
    row = 2
    for column, said in enumerate(changes.fields):
        sheet.write_string(row, column, said.head[lang], writer.head)
        for offset, values in enumerate(changes.rows, 1):
            writer.cell(sheet, row + offset, column, said.kind, values[said.name])
    row += len(changes.rows) + 2
    for column, key in enumerate(("item", *_SIDES)):
        sheet.write_string(row, column, word(key)[lang], writer.head)
    for figure in content["figures"]:
        row += 1
        sheet.write_string(row, 0, figure[lang], writer.text)
        for column, side in enumerate(_SIDES, 1):
            writer.cell(sheet, row, column, figure["kind"], figure[side])
    for name in ("winners", "losers"):
        row += 1
        sheet.write_string(row, 0, word(name)[lang], writer.text)
        writer.cell(sheet, row, 2, "int", content[name])
    for note in _notes(content):
        row += 1
        sheet.write_string(row + 1, 0, note[lang], writer.text)
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, len(changes.fields), 22)


def _title(content: Mapping[str, Any]) -> Both:
    run = content["run"]
    region, kind = run["region"]["title"], word(content["kind"])
    return Both(f"{region['zh']} {run['year']}年 {kind.zh}", f"{region['en']} {run['year']} {kind.en}")


def _notes(content: Mapping[str, Any]) -> list[Both]:
    """What is to be said of the whole: whether there is as much to share, and what has no part in the year."""
    said = [(word(f"whatif_total_{content['total']}"), content["total_by"])]
    if content["outside"]:
        said.append((word("whatif_outside"), content["outside"]))
    return [Both(*(f"{text[x]} {', '.join(names)}".rstrip() for x in LANGUAGES)) for text, names in said]


def _named(name: str, kind: str) -> Field:
    return Field(name, kind, word(name), word(name))


def _three(name: str, kind: str) -> tuple[Field, ...]:
    """A column before, after, and what it changes by."""
    head, note = column_words(name, STATEMENTS if name in STATEMENTS.names else None)
    sides = [(side, word(side)) for side in _SIDES]
    return tuple(
        Field(f"{name}_{key}", kind, Both(f"{head.zh}({side.zh})", f"{head.en}, {side.en}"), note)
        for key, side in sides
    )


def _measured() -> tuple[Field, ...]:
    return tuple(column for name, kind in _MEASURES for column in _three(name, kind))


def _of_table(*names: str) -> tuple[Field, ...]:
    kinds = {"level": "word", "insurance_scheme": "word"}
    return tuple(
        Field(n, kinds.get(n, "text"), *column_words(n, INSTITUTIONS if n in INSTITUTIONS.names else STATEMENTS))
        for n in names
    )


def _changes(content: Mapping[str, Any]) -> View:
    names = ("parameter", "meaning", "old", "new", "old_source", "new_source")
    fields = tuple(_named(name, "both") for name in names)
    rows = [
        {
            "meaning": Both(r["zh"], r["en"]),
            "parameter": Both(*parameter_words(r["name"])),
            **{n: Both(value_words(r[n], "zh"), value_words(r[n], "en")) for n in ("old", "new")},
            **{n: Both(in_words(r[n], "zh"), in_words(r[n], "en")) for n in ("old_source", "new_source")},
        }
        for r in content["changes"]
    ]
    return View("changes", fields, rows, totals=False)


def _levels(content: Mapping[str, Any]) -> View:
    counts = tuple(_named(name, "int") for name in ("institutions", "winners", "losers"))
    return View("levels", (*_of_table("level"), *counts, *_measured()), content["levels"])


def _institutions(content: Mapping[str, Any]) -> View:
    fields = (*_of_table("institution_id", "name", "level"), *_three("coefficient", "ratio"), *_measured())
    rows = [
        {**row, "coefficient_diff": (row["coefficient_new"] or 0) - (row["coefficient_old"] or 0)}
        for row in content["institutions"]
    ]
    return View("institutions", fields, rows)


def _statements(content: Mapping[str, Any]) -> View:
    fields = (*_of_table("insurance_scheme", "institution_id", "name", "level"), *_measured())
    return View("statements", fields, content["statements"])


def _sweep(content: Mapping[str, Any]) -> View:
    counted = ("in_surplus", "in_overspend", "winners", "losers", "stable_groups")
    due, _ = column_words("due", STATEMENTS)
    change = word("diff")
    fields = [
        Field("value", "text", word("value"), Both(content["zh"], content["en"])),
        Field("current", "word", word("current"), word("current")),
        _named("points", "points"),
        _named("gini", "ratio"),
        *(_named(name, "int") for name in counted),
    ]
    for level in content["levels"]:
        of = word(level)
        head = Both(f"{of.zh}{due.zh}", f"{due.en}, {of.en.lower()}")
        fields.append(Field(f"due_{level}", "fen", head, head))
        changed = Both(f"{head.zh}({change.zh})", f"{head.en}, {change.en}")
        fields.append(Field(f"due_{level}_diff", "fen", changed, changed))
    return View("sweep", tuple(fields), content["rows"], totals=False)


def _write_page(content: Mapping[str, Any], target: Path, lang: str) -> None:
    if content["kind"] == "sweep":
        sections = [("sweep", _sweep_section(content))]
        if content["changes"]:
            sections.append(("changes", panel(view_table(_changes(content), "t-changes"))))
    else:
        sections = [
            ("summary", _summary_section(content)),
            ("changes", panel(view_table(_changes(content), "t-changes"))),
            ("levels", _section("levels", "level_chart", _levels(content))),
            ("institutions", _section("institutions", "whatif_chart", _institutions(content))),
        ]
    title = _title(content)
    write_frame(
        target,
        lang,
        title[lang],
        heading=both(title),
        subheading=both(_what(content)),
        sections=[(key, word(key), html) for key, html in sections],
        footer=f"<p>{escape(content['run']['scheme'])} · drgpay {__version__}</p>",
        data={**content, "lang": lang, "words": {k: vars(w) for k, w in words().items()}},
        script="whatif.js",
    )


def _what(content: Mapping[str, Any]) -> Both:
    if content["kind"] == "sweep":
        return Both(f"{content['name']}:{content['zh']}", f"{content['name']}: {content['en']}")
    run = content["run"]
    said = f"{run['practice_old']} → {run['practice_new']}" if run["practice_old"] != run["practice_new"] else ""
    return Both(said, said) if said else word("whatif_hint")


def _summary_section(content: Mapping[str, Any]) -> str:
    losers, winners = content["losers"], content["winners"]
    count = Both(*(f"{winners:,} / {losers:,}",) * 2)
    cards = [card(f"{both(word('winners'))} / {both(word('losers'))}", count)]
    cards += [_figure_card(figure) for figure in content["figures"]]
    notes = "".join(f'<p class="hint">{both(note)}</p>' for note in _notes(content))
    return f'{notes}<div class="cards">{"".join(cards)}</div>'


def _figure_card(figure: Row) -> str:
    kind, old, diff = figure["kind"], figure["old"], figure["diff"]
    sign = "+" if (diff or 0) > 0 else ""
    big = exact = show(kind, figure["new"])
    if kind == "fen" and figure["new"] is not None:
        big = Both(**compact(figure["new"]))
    if kind == "points":
        big = show("int", half_up(figure["new"], ONE))
    said = f"{both(word('old'))} {show(kind, old).zh}<br>{both(word('diff'))} {sign}{show(kind, diff).zh}"
    if big != exact:
        said = f"{exact.zh}<br>{said}"
    return card(both(Both(figure["zh"], figure["en"])), big, said)


def _section(name: str, label: str, view: View) -> str:
    return panel(chart(f"chart-{name}", label), label) + panel(view_table(view, f"t-{name}"), style="long")


def _sweep_section(content: Mapping[str, Any]) -> str:
    charts = (("points", "points"), ("gini", "gini"), ("signs", "sweep_signs"), ("due", "sweep_due"))
    panels = "".join(panel(chart(f"chart-{name}", label), label) for name, label in charts)
    return f'<div class="grid">{panels}</div>' + panel(view_table(_sweep(content), "t-sweep"), style="long")


_WRITERS: dict[str, Callable[[Mapping[str, Any], Path, str], None]] = {
    ".xlsx": _write_book,
    ".html": _write_page,
    ".json": _write_json,
}

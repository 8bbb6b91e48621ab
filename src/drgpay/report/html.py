"""The frame of the pages and their pieces: texts in both languages, cards, panels, tables, embedded figures."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.places import write_text
from drgpay.report.labels import LANGUAGES, Both, word
from drgpay.report.source import Row
from drgpay.report.views import NUMBERS, Field, View, show
from drgpay.units import half_up, show_fen

_COMPACT = {
    "zh": ((10**10, " 亿元"), (10**6, " 万元"), (100, " 元")),
    "en": ((10**11, "bn yuan"), (10**8, "m yuan"), (10**5, "k yuan"), (100, " yuan")),
}


def write_frame(
    target: Path,
    lang: str,
    title: str,
    *,
    heading: str,
    subheading: str,
    sections: Sequence[tuple[str, Both, str]],
    footer: str,
    data: Any,
    script: str,
    buttons: str = "",
) -> None:
    """Write a page (.html): one file with style, ``script`` (a file of this folder), charts and ``data`` in it, which
    opens offline in the language ``lang`` and has both.

    ``title`` is plain text; ``heading``, ``subheading``, ``footer``, ``buttons`` (of the bar) and the sections (key,
    name, content) are HTML."""
    here = files(__package__)
    page = Template((here / "page.html").read_text(encoding="utf-8")).substitute(
        lang="zh-CN" if lang == "zh" else "en",
        title=escape(title),
        css=(here / "page.css").read_text(encoding="utf-8"),
        skip=both(word("skip")),
        brand="drgpay",
        links="".join(f'<a href="#{key}">{both(name)}</a>' for key, name, _ in sections),
        scheme_buttons=buttons,
        language=both(word("language")),
        heading=heading,
        subheading=subheading,
        body="\n".join(
            f'<section id="{key}"><h2>{both(name)}</h2>\n{html}</section>' for key, name, html in sections
        ),
        footer=footer,
        noscript=both(word("charts_need_script")),
        data=_embedded(data),
        plotly=charts_script(),
        script=(here / script).read_text(encoding="utf-8"),
    )
    write_text(target, page)


def charts_missing() -> DrgpayError | None:
    """What pages with charts lack on this machine, None when they can be written."""
    if sys.modules.get("plotly", ...) is not None and importlib.util.find_spec("plotly") is not None:
        return None
    return DrgpayError(
        Kind.ENGINE,
        zh="没有安装 plotly,写不出带图表的网页",
        en="plotly is not installed, so no page with charts can be written",
        fix_zh="pip install 'drgpay[report]';分组、校验、解释、预估、对账不需要它",
        fix_en="pip install 'drgpay[report]'; grouping, checks, explanations and estimates go without",
    )


def charts_script() -> str:
    """The script of the charts. Raises ENGINE where it is not installed."""
    missing = charts_missing()
    if missing:
        raise missing
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def both(text: Both) -> str:
    """A text in both languages; the style sheet shows one of them."""
    zh, en = escape(text.zh), escape(text.en)
    return zh if zh == en else f'<span class="zh" lang="zh">{zh}</span><span class="en" lang="en">{en}</span>'


def spoken(text: Both, *names: str) -> str:
    """Attributes in both languages; the script sets the one in use."""
    zh, en = escape(text.zh), escape(text.en)
    return "".join(f' {name}="{zh}"' for name in names) + f' data-zh="{zh}" data-en="{en}"'


def _embedded(data: Any) -> str:
    """JSON that cannot end its script element."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def compact(fen: int) -> dict[str, str]:
    """An amount to read at a glance, by language; the exact one stands beside it."""
    return {lang: _compact(fen, lang) for lang in LANGUAGES}


def _compact(fen: int, lang: str) -> str:
    """Rounded half up to two decimals of its unit."""
    size, unit = next((s for s in _COMPACT[lang] if abs(fen) >= s[0]), _COMPACT[lang][-1])
    return show_fen(half_up(fen * 100, size)) + unit


def card(name: str, big: Both, exact: str = "", style: str = "") -> str:
    """A figure with its name, and the exact one under it."""
    return (
        f'<div class="card {style}"><div class="name">{name}</div><div class="big">{both(big)}</div>'
        f'<div class="exact">{exact}</div></div>'
    )


def panel(html: str, title: str = "", hint: str = "", style: str = "") -> str:
    """A box around a piece; title and hint are keys of the catalogue of words."""
    head = f"<h3>{both(word(title))}</h3>" if title else ""
    head += f'<p class="hint">{both(word(hint))}</p>' if hint else ""
    return f'<div class="panel {style}">{head}{html}</div>'


def chart(name: str, label: str) -> str:
    """Where the script draws; the label is a key of the catalogue of words."""
    return f'<div class="chart" id="{name}" role="img"{spoken(word(label), "aria-label")}></div>'


def view_table(view: View, name: str, screen_only: frozenset[str] = frozenset()) -> str:
    """A sortable table; sums per insurance scheme and of all together where there are schemes: the script shows those
    of the scheme chosen. ``screen_only`` columns are not printed."""
    heads = "".join(
        f'<th scope="col" class="{_style(f, screen_only)}" title="{escape(f.note.zh)} · {escape(f.note.en)}">'
        f'<button type="button">{both(f.head)}</button></th>'
        for f in view.fields
    )
    by_scheme = "insurance_scheme" in {f.name for f in view.fields}
    body = []
    for i, row in enumerate(view.rows):
        mark = f' data-index="{i}" data-scheme="{row["insurance_scheme"]}"' if by_scheme else ""
        body.append(f"<tr{mark}>{''.join(_cell(f, row, name, screen_only) for f in view.fields)}</tr>")
    foot = []
    if view.totals:
        schemes = list(dict.fromkeys(row.get("insurance_scheme") for row in view.rows))
        for scheme in [*schemes, *(["together"] if len(schemes) > 1 else [])]:
            sums = view.total([r for r in view.rows if scheme in ("together", r.get("insurance_scheme"))])
            cells = "".join(
                f'<td class="{_style(f, screen_only)}">{show(f.kind, sums[f.name]).zh if f.name in sums else ""}</td>'
                for f in view.fields[1:]
            )
            mark = f' data-scheme="{scheme}"' if scheme else ""
            label = both(word("total")) if scheme in (None, "together") else both(_sum_of(scheme))
            foot.append(f"<tr{mark}><td>{label}</td>{cells}</tr>")
    return (
        f'<div class="scroll" tabindex="0"><table id="{name}"><caption>{both(word(view.key))}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody><tfoot>{''.join(foot)}</tfoot></table></div>"
    )


def _sum_of(scheme: str) -> Both:
    of, total = word(scheme), word("total")
    return Both(f"{of.zh}{total.zh}", f"{total.en}, {of.en.lower()}")


def _style(column: Field, screen_only: frozenset[str] = frozenset()) -> str:
    hidden = " screen" if column.name in screen_only else ""
    if column.kind in NUMBERS or column.kind == "month":
        return "number" + hidden
    return ("wide" if column.name in ("name", "drg_name", "message") else "") + hidden


def _cell(column: Field, row: Row, table: str, screen_only: frozenset[str] = frozenset()) -> str:
    value = row[column.name]
    text = both(show(column.kind, value))
    if column.name == "name" and table == "t-institutions" and "settled" in row:
        text = f'<button type="button">{text}</button>'
    styles = _style(column, screen_only)
    raw = f' data-v="{"" if value is None else value}"' if styles.startswith("number") else ""
    style = f' class="{styles.strip()}"' if styles else ""
    return f"<td{style}{raw}>{text}</td>"

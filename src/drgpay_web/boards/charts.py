"""Charts as plotly reads them: values as texts in the unit people read, nothing computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drgpay.units import show_fen, show_points

INK, QUIET, LINE = "#1d2a30", "#5b6b73", "#dfe5e8"
COLOURS = ("#0f5c63", "#c0762b", "#7a8fa0", "#8a3f6b")
DAYS = {"date": {"tickformat": "%m-%d", "hoverformat": "%Y-%m-%d"}}
"""days read alike in both languages"""
_TEXTS = {"fen": show_fen, "points": show_points, "ratio": show_points}


def text(value: int | None, kind: str) -> str | None:
    """A value as a number that a script reads: no groups of digits."""
    if value is None:
        return None
    return _TEXTS[kind](value, group=False) if kind in _TEXTS else str(value)


def bars(x: Sequence[str], series: Mapping[str, Sequence[str | None]], unit: str, *, lines: str = "") -> Any:
    """Bars side by side, or lines over the same places: with dots (``dots``), or in steps by the day (``days``)."""
    days = lines == "days"
    drawn = {"mode": "lines" if days else "lines+markers"}
    data = [
        {
            "type": "scatter",
            **drawn,
            "name": name,
            "x": x,
            "y": values,
            "line": {"color": colour, "shape": "hv" if days else "linear"},
        }
        if lines
        else {"type": "bar", "name": name, "x": x, "y": values, "marker": {"color": colour}}
        for (name, values), colour in zip(series.items(), COLOURS, strict=False)
    ]
    return {"data": data, "layout": _layout(unit, "date" if days else "category")}


def _layout(unit: str, across: str) -> dict[str, Any]:
    return {
        "height": 280, "margin": {"l": 64, "r": 16, "t": 28, "b": 36}, "font": {"color": INK, "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "barmode": "group", "bargap": 0.3,
        "legend": {"orientation": "h", "y": 1.18, "x": 0}, "showlegend": True,
        "xaxis": {"type": across, **DAYS.get(across, {}), "linecolor": LINE, "tickcolor": LINE},
        "yaxis": {"type": "linear", "gridcolor": LINE, "zerolinecolor": LINE, "tickformat": ",",
                  "title": {"text": unit, "font": {"color": QUIET, "size": 11}}},
        "hovermode": "x unified",
    }  # fmt: skip

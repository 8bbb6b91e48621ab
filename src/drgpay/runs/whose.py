"""Which institution of a run somebody means: by its code, or by its name."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from pathlib import Path

from drgpay.engine import read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.manifest import TABLES
from drgpay.tables import INSTITUTIONS


def names_of_run(run: Path) -> dict[str, str]:
    """Names of a run's institutions by code."""
    return dict(read_table(run / TABLES, INSTITUTIONS).select("institution_id", "name").rows())


def institution_named(run: Path, said: str) -> str:
    """The code of the institution: the code itself, the whole name, or a part of one name only.

    Raises DATA when none, or more than one, is meant, with the nearest.
    """
    names = names_of_run(run)
    if said in names:
        return said
    plain = _plain(said)
    found = [h for h in names if _plain(h) == plain] or [h for h, name in names.items() if _plain(name) == plain]
    found = found or ([h for h, name in names.items() if plain in _plain(name)] if plain else [])
    if len(found) == 1:
        return str(found[0])
    those = found or get_close_matches(said, [*names, *names.values()], n=1, cutoff=0.4)
    listed = [f"{names[h]}({h})" if h in names else h for h in those[:5]]
    near, near_en = "、".join(listed), ", ".join(listed)
    raise DrgpayError(
        Kind.DATA,
        zh="有几家机构是这个名称" if found else "没有这家机构",
        en="several institutions have that name" if found else "no such institution",
        field="--institution",
        value=said,
        fix_zh=(f"写编号:{near}" if found else f"最接近的是 {near}" if near else "写机构编号或名称"),
        fix_en=(f"write a code: {near_en}" if found else f"the nearest is {near_en}" if near else "write a code"),
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace(" ", "").casefold()

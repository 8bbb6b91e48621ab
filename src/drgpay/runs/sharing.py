"""A year's sharing ratios: proposed from the fund and the years before, decided by the joint meeting, and kept as a
notice that a practice takes (seed 004 §2(1)2)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import yaml

from drgpay.engine import read_manifest, read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.notation import Place, Structure
from drgpay.policy import Band, dictionary, load, practice_text, read_practice, read_value, replay
from drgpay.runs.fund import RegisterFolder, Rows, Tables, checked, year_law
from drgpay.runs.manifest import TABLES
from drgpay.runs.region import region_identity
from drgpay.steps import fund
from drgpay.tables import (
    AREA_VALUES,
    FUND_HISTORY,
    GRADE_REGISTER,
    SHARING_MINUTES,
    SHARING_RATIOS,
    SHARING_REASONS,
    SHARING_SERIES,
    STATEMENTS,
)
from drgpay.units import show_percent

_HEAD = re.compile(r"^notices:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*(?P<indent>[ \t]*)- ", re.MULTILINE)
NOTICE, PRACTICE = "notice.yaml", "practice.yaml"
"""files of a decided result: the notice alone, and the whole practice with it"""


def propose_sharing(
    region: Path, practice: str, year: int, cleared: Sequence[Path] = (), minutes: str = ""
) -> tuple[Tables, Rows]:
    """Tables ``sharing_series``, ``sharing_reasons`` and ``sharing_ratios``, and with the number of ``minutes`` the
    joint meeting's rows (else none). ``cleared``: year runs of earlier years, for who had a surplus.

    Raises DATA for a missing year of the fund's history, a run of another area or no clearing of an earlier year, and
    minutes that are not those of the year.
    """
    registers, law = RegisterFolder(region), year_law(practice, year)
    before = load(practice, on=date(year, 1, 1), known_on=date(year - 1, 12, 31))
    insured = {r["year"]: r["numerator"] for r in registers.rows(AREA_VALUES) if r["measure"] == "insured"}
    grades: dict[int, list[str]] = defaultdict(list)
    for row in registers.rows(GRADE_REGISTER):
        grades[row["year"]].append(row["grade"])
    past = fund.Past(registers.rows(FUND_HISTORY, needed=True), insured, _balances(region, cleared, year), grades)
    reasons = fund.sharing_reasons(past, law, year)
    ratios, decided = fund.sharing_ratios(reasons, before, law, year), list[dict[str, Any]]()
    if minutes:
        decided = fund.decided_ratios(registers.rows(SHARING_MINUTES, needed=True), year)
        if decided[0]["minutes"] != minutes:
            raise DrgpayError(
                Kind.DATA, zh=f"登记表中该年度的纪要是 {decided[0]['minutes']}",
                en=f"the year's minutes in the register are {decided[0]['minutes']}", file=SHARING_MINUTES.name,
                field="minutes", value=minutes, fix_zh="核对纪要文号", fix_en="check the number of the minutes",
            )  # fmt: skip
        ratios = fund.with_decision(ratios, decided)
    series = fund.sharing_series(past, year)
    return checked([(SHARING_SERIES, series), (SHARING_REASONS, reasons), (SHARING_RATIOS, ratios)]), decided


def _balances(region: Path, cleared: Iterable[Path], year: int) -> dict[int, dict[str, int]]:
    own = region_identity(region)["id"]
    found: dict[int, dict[str, int]] = {}
    for run in cleared:
        manifest = read_manifest(run)
        fits = manifest["kind"] == "year" and manifest["region"]["id"] == own and manifest["year"] < year
        if not fits or not table_path(run / TABLES, STATEMENTS).is_file():
            raise DrgpayError(
                Kind.DATA, zh="不是本统筹区以前年度的清算结果", en="no clearing of an earlier year of this area",
                file=run.name, field="--cleared", value=f"{manifest['kind']} {manifest.get('year')}",
                fix_zh="给出以前年度 drgpay run year 的结果",
                fix_en="name results of drgpay run year of earlier years",
            )  # fmt: skip
        balances: dict[str, int] = defaultdict(int)
        for h, balance in read_table(run / TABLES, STATEMENTS).select("institution_id", "balance").rows():
            balances[h] += balance
        found[manifest["year"]] = dict(balances)
    return found


def sharing_notice(decided: Rows) -> str:
    """The notice of a year's decided ratios, as YAML of one entry of ``notices``."""
    first, year = decided[0], decided[0]["year"]
    cited = f"联席会议纪要 {first['minutes']} / minutes {first['minutes']} of the joint meeting"
    bands = [
        ({} if r["below"] is None else {"below": show_percent(r["below"])}) | {"value": show_percent(r["ratio"])}
        for r in decided
        if r["band"]
    ]
    share = next(show_percent(r["ratio"]) for r in decided if not r["band"])
    notice = {
        "id": f"sharing-{year}",
        "document": cited,
        "issued": first["decided_on"].isoformat(),
        "in_force": f"{year}-01-01",
        "source": cited,
        "values": {"settlement.keep_bands": bands, "settlement.reasonable_fund_share": share},
    }
    return yaml.safe_dump([notice], allow_unicode=True, sort_keys=False, width=1000)


def practice_with(practice: str | Path, notice: str) -> str:
    """The text of a practice with a notice before its others. POLICY where the text has no plain list of notices."""
    text, name = practice_text(practice)
    head = _HEAD.search(text)
    if head is None:
        raise DrgpayError(
            Kind.POLICY, zh="找不到政策文件的通知列表,不能加入通知", en="no plain list of notices to add one to",
            file=name, field="notices", fix_zh="每个通知另起一行,以 - 开头",
            fix_en="begin each notice on a line with -",
        )  # fmt: skip
    at = head.start("indent")
    own = "".join(f"{head['indent']}{line}" for line in notice.splitlines(keepends=True))
    return f"{text[:at]}{own}\n{text[at:]}"


def minutes_rows(year: int, keep: str, share: str, minutes: str, decided_on: date) -> Rows:
    """Rows of register ``sharing_minutes`` from what a joint meeting decided as people write it: ``keep`` a line for
    each band, its upper bound and the share kept (``90% 60%``), the last one without a bound; ``share``: of a
    reasonable overspend that the fund bears. Raises POLICY for what is no share, DATA for bands that are not whole.
    """
    words, place = dictionary(), Place(minutes)
    said = [line.replace("：", " ").replace(":", " ").split() for line in keep.splitlines() if line.strip()]
    bands: list[Structure] = [{"below": p[0], "value": p[-1]} if len(p) > 1 else {"value": p[-1]} for p in said]
    read = cast("tuple[Band, ...]", read_value(words["settlement.keep_bands"], bands, place.at("keep")))
    borne = read_value(words["settlement.reasonable_fund_share"], share.strip(), place.at("share"))
    about = {"year": year, "minutes": minutes, "decided_on": decided_on}
    rows = [
        about | {"item": "surplus_kept", "band": number, "below": None if band.upto is None else band.upto + 1,
                 "ratio": band.value}
        for number, band in enumerate(read, 1)
    ]  # fmt: skip
    rows.append(about | {"item": "overspend_borne", "band": 0, "below": None, "ratio": borne})
    return fund.decided_ratios(rows, year)


def written_bands(ratios: Rows, column: str) -> tuple[str, str]:
    """The share kept by band and the fund's share of rows of ``sharing_ratios`` (or of the minutes), as people write
    them for :func:`minutes_rows`. ``column``: of the ratio."""
    keep = [r for r in ratios if r["item"] == "surplus_kept"]
    lines = [
        " ".join([*([show_percent(r["below"])] if r["below"] is not None else []), show_percent(r[column])])
        for r in sorted(keep, key=lambda r: r["band"])
    ]
    return "\n".join(lines), next(show_percent(r[column]) for r in ratios if r["item"] == "overspend_borne")


def ratios_practice(practice: str, decided: Rows) -> str:
    """The text of a practice with the notice of a year's decided ratios, whole and read as it was meant."""
    text = practice_with(practice, sharing_notice(decided))
    year = decided[0]["year"]
    law = replay(read_practice(text, NOTICE, dictionary()), dictionary(), on=date(year, 12, 31))
    fund.check_minutes(law, decided, year)
    return text

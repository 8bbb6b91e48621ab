"""Coding help for programs: search, suggestions for the words of records, and all that is known of a code.

Nothing here knows a price or a group's weight: codes are ranked by likeness of words, and coding follows the record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import Scheme, catalogue, load, load_codes, load_crosswalk
from drgpay.steps import coding, intake
from drgpay.steps.coding import Candidate
from drgpay.steps.intake import Returned
from drgpay.tables import CODING_GAPS, CODING_SUGGESTIONS

Row = dict[str, Any]

FOLLOWS = (
    "编码以病历记录为准;建议只按文字相近程度排列,与支付无关",
    "coding follows the record; codes are ranked by likeness of words alone, never by payment",
)
"""what is said with every suggestion"""
_SURE = 5_500
"""likeness from which a plain phrase ought to have a code"""
_SAME = 10_000
"""likeness of a name to itself"""
_CATEGORY = {"dx": 3, "proc": 4}
"""signs of a code that name its category"""
_PART_KINDS = {"diagnoses": ("dx",), "operations": ("proc",), "summary": ("dx", "proc")}
_CODE = re.compile(r"^([A-Z]\d{2}|\d{2}\.)", re.I)
_EDITIONS = {
    "dx": ("icd10-nhsa-2.0", "icd10-nhsa-1.0"),
    "proc": ("icd9cm3-nhsa-2.0", "icd9cm3-nhsa-1.0"),
}
_WAYS = {
    "dx": ("icd10-clinical-2.0-to-nhsa-2.0", "icd10-clinical-1.0-to-nhsa-1.0", "icd10-nhsa-1.0-to-nhsa-2.0"),
    "proc": ("icd9cm3-clinical-3.0-to-nhsa-2.0", "icd9cm3-clinical-2.0-to-nhsa-1.0", "icd9cm3-nhsa-1.0-to-nhsa-2.0"),
}


def search_code(
    text: str, kinds: Sequence[str] = coding.KINDS, limit: int = 5, *, gray: bool = False
) -> list[Candidate]:
    """Codes for a phrase, a part of a code, or initials of its pinyin, the likest first, of the kinds together."""
    plain = text.strip()
    if _CODE.match(plain):
        found = [one for kind in kinds for one in _by_code(plain.upper(), kind)]
        if found:
            return found[:limit]
    found = [one for kind in kinds for one in coding.searcher(kind).search(plain, limit, gray=gray)]
    return sorted(found, key=lambda one: (-one.score, len(one.name), one.code))[:limit]


def _by_code(start: str, kind: str) -> list[Candidate]:
    codes = load_codes(_EDITIONS[kind][0])
    return [
        Candidate(code, name, kind, 10_000, coding.BY["code"], code in codes.gray)
        for code, name in codes.names.items()
        if code.upper().startswith(start)
    ]


def suggest_codes(texts: Returned, limit: int = 5) -> tuple[list[Row], list[Row]]:
    """Rows of ``coding_suggestions`` and ``coding_gaps`` for records in words (table ``coding_texts``). Phrases that
    are denied or of earlier times are offered codes too, and reproached for none."""
    offered: list[Row] = []
    gaps: list[Row] = []
    for row in texts.rows.to_pylist():
        mine, lacking = _of_record(row, limit)
        offered += mine
        gaps += lacking
    CODING_SUGGESTIONS.of(offered)
    CODING_GAPS.of(gaps)
    return offered, gaps


def _of_record(row: Row, limit: int) -> tuple[list[Row], list[Row]]:
    given = {
        "dx": [code.upper() for code in intake.split_codes(row["dx_codes"] or "") if code],
        "proc": [code.upper() for code in intake.split_codes(row["proc_codes"] or "") if code],
    }
    about = {"line": row["line"], "stay_id": row["stay_id"] or ""}
    offered: list[Row] = []
    gaps: dict[tuple[str, str], Row] = {}
    told: dict[str, set[str]] = {"dx": set(), "proc": set()}
    for part, kinds in _PART_KINDS.items():
        for place, phrase in enumerate(coding.phrases(row[part] or ""), start=1):
            found = _candidates(phrase.text, kinds, limit)
            for rank, one in enumerate(found, start=1):
                told[one.kind].add(one.code[: _CATEGORY[one.kind]])
                offered.append({
                    **about, "part": part, "place": place, "phrase": phrase.text, "reading": phrase.reading,
                    "side": phrase.side, "kind": one.kind, "rank": rank, "code": one.code, "name": one.name,
                    "score": one.score, "coded": one.code.upper() in given[one.kind], "zh": one.why[0],
                    "en": one.why[1],
                })  # fmt: skip
            if phrase.reading == "plain" and not any(_covered(one, given) for one in found):
                gap = _no_code(phrase.text, found, part)
                if gap:
                    gaps.setdefault(("no_code", phrase.text), {**about, **gap})
    for kind, codes in given.items():
        for code in codes:
            if code[: _CATEGORY[kind]] not in told[kind] and ("no_text", code) not in gaps:
                gaps["no_text", code] = {
                    **about, "kind": "no_text", "what": code, "name": load_codes(_EDITIONS[kind][0]).name(code),
                    "zh": "文字中没有找到对应的内容:核对病历是否支持该编码",
                    "en": "nothing in the words stands for it: see whether the record supports the code",
                }  # fmt: skip
    return offered, list(gaps.values())


def offered_codes(words: Mapping[str, str], dx: Sequence[str], proc: Sequence[str], limit: int = 3) -> list[Row]:
    """Codes for the words of a record (diagnoses, operations, summary) that it has none like among those given, in
    the order of the words: rows of ``coding_suggestions``, those of each phrase that are like it; where one has the
    very name, that one alone. Of a summary only phrases that are like a name."""
    given = {"dx_codes": "|".join(dx), "proc_codes": "|".join(proc)}
    row = {"line": 1, "stay_id": "", **{part: words.get(part) or "" for part in _PART_KINDS}, **given}
    offered, gaps = _of_record(row, limit)
    open_phrases = {gap["what"] for gap in gaps if gap["kind"] == "no_code"}
    there = {code.upper() for code in (*dx, *proc)}
    found = [
        one
        for one in offered
        if one["phrase"] in open_phrases and one["reading"] == "plain" and one["score"] >= _SURE
        and (one["rank"] == 1 or not _is_named(one["phrase"], offered))
    ]  # fmt: skip
    first = {(one["kind"], one["code"]): one for one in reversed(found) if one["code"].upper() not in there}
    return [one for one in found if first.get((one["kind"], one["code"])) is one]


def _is_named(phrase: str, offered: Sequence[Row]) -> bool:
    """The likest code of a phrase has its very name."""
    return any(one["phrase"] == phrase and one["rank"] == 1 and one["score"] >= _SAME for one in offered)


def code_name(kind: str, code: str) -> str:
    """The name of a code of the insurer's editions, the later one first; empty for one of none."""
    tables = [load_codes(edition) for edition in _EDITIONS[kind]]
    return next((table.names[code] for table in tables if code in table.names), "")


@lru_cache(maxsize=20_000)
def _candidates(text: str, kinds: tuple[str, ...], limit: int) -> tuple[Candidate, ...]:
    return tuple(search_code(text, kinds, limit))


def _covered(one: Candidate, given: dict[str, list[str]]) -> bool:
    length = _CATEGORY[one.kind]
    return any(code[:length] == one.code.upper()[:length] for code in given[one.kind])


def _no_code(phrase: str, found: Sequence[Candidate], part: str) -> Row | None:
    """A phrase without a code: of a list of diagnoses or operations always, of a summary where it is like a name."""
    likest = found[0] if found else None
    if part == "summary" and (likest is None or likest.score < _SURE):
        return None
    return {
        "kind": "no_code", "what": phrase, "name": f"{likest.code} {likest.name}" if likest else "",
        "zh": "文字中有而没有对应编码:核对是否漏编", "en": "said in words, not coded: see whether a code is missing",
    }  # fmt: skip


@dataclass(frozen=True)
class InScheme:
    """What a scheme makes of a code: its MDC, its groups, whether it is a complication and what excludes it."""

    scheme: str
    mdcs: tuple[tuple[str, str], ...]
    adrgs: tuple[tuple[str, str], ...]
    severity: str
    """mcc, cc, or "" for neither"""
    exclusion: str
    """number of its exclusion table; "" without one"""
    excluded_by: int
    """principal diagnoses with which it does not count"""
    operation: bool
    """an operation of the operating room"""
    gray: bool
    invalid: bool


@dataclass(frozen=True)
class CodeStory:
    """All that is known of a code: names by edition, initials, crosswalks, and what every scheme makes of it."""

    code: str
    kind: str
    names: tuple[tuple[str, str], ...]
    initials: str
    gray: bool
    ways: tuple[tuple[str, str, str], ...]
    """(crosswalk, from, to) it stands in, on either side"""
    schemes: tuple[InScheme, ...]


def tell_code(code: str, schemes: Path | None = None, only: str = "") -> CodeStory:
    """What is known of a code, in every scheme, or ``only`` in one. Raises DATA for a code of no edition."""
    wanted = code.strip()
    for kind, editions in _EDITIONS.items():
        tables = [load_codes(edition) for edition in editions]
        spelled = {one.upper(): one for table in reversed(tables) for one in table.names}
        known = spelled.get(wanted.upper())
        ways = [(way, load_crosswalk(way)) for way in _WAYS[kind]]
        clinical = {one.upper(): one for _, table in ways for one in table}.get(wanted.upper())
        if known or clinical:
            return _story(known or clinical or "", kind, tables, ways, schemes, only)
    near = search_code(wanted, limit=1)
    raise DrgpayError(
        Kind.DATA, zh="没有这个编码", en="there is no such code", value=wanted[:40],
        fix_zh=f"最接近的是 {near[0].code} {near[0].name}" if near else "用 drgpay code search 查找",
        fix_en=f"the nearest is {near[0].code} {near[0].name}" if near else "look for it with drgpay code search",
    )  # fmt: skip


def _story(code: str, kind: str, tables: list[Any], ways: list[Any], schemes: Path | None, only: str) -> CodeStory:
    names = tuple((table.id, table.names[code]) for table in tables if code in table.names)
    across = [
        (way, one, to)
        for way, table in ways
        for one, to in table.items()
        if code in (one, to) and (one != to or one == code)
    ]
    ids = [entry.id for entry in catalogue(schemes)] if not only else [only]
    return CodeStory(
        code, kind, names, coding.initials(names[0][1]) if names else "", code in tables[0].gray,
        tuple(sorted(across)), tuple(_in_scheme(code, kind, load(one, folder=schemes)) for one in ids),
    )  # fmt: skip


def _in_scheme(code: str, kind: str, scheme: Scheme) -> InScheme:
    mdcs = tuple((mdc.code, mdc.name) for mdc in scheme.mdcs if kind == "dx" and code in mdc.dx)
    adrgs = tuple((adrg.code, adrg.name) for adrg in scheme.adrgs if any(code in its for its in adrg.lists.values()))
    severity = "mcc" if code in scheme.mcc else "cc" if code in scheme.cc else ""
    exclusion = scheme.mcc.get(code) or scheme.cc.get(code) or ""
    excluded = sum(table == exclusion for table in scheme.exclusion.values()) if exclusion else 0
    operation = kind == "proc" and code in scheme.operation
    gray = code in scheme.gray_op
    return InScheme(scheme.id, mdcs, adrgs, severity, exclusion, excluded, operation, gray,
                    code in scheme.invalid_dx or code in scheme.invalid_op)  # fmt: skip

"""Suspicions as the institution they are about sees them: no person, of others' records only that there are some."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping

import polars as pl

from drgpay.places import HIDDEN

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORD = re.compile(r"[^\s|,;，、；]+")


def seen_by(
    house: str, suspicions: pl.DataFrame, evidence: pl.DataFrame, owners: Mapping[str, str], houses: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The institution's own rows of ``suspicions`` and their ``suspicion_evidence`` as it sees them, ids still whole
    (see :func:`hide_id`). ``owners``: whose the records are that they name; ``houses``: every institution."""
    mine = frozenset(record for record, owner in owners.items() if owner == house)
    own = suspicions.filter(pl.col("institution_id") == house)
    pairs = own.filter(pl.Series([_only(r, mine) != r for r in own["related"]], dtype=pl.Boolean))
    its = evidence.filter(pl.col("suspicion_id").is_in(own["suspicion_id"].implode()))
    others = frozenset(houses) - {house}
    return hide_related(own, mine), hide_evidence(its, mine | {house}, others, frozenset(pairs["suspicion_id"]))


def named_records(suspicions: pl.DataFrame, evidence: pl.DataFrame) -> frozenset[str]:
    """Every stay and visit that suspicions and their evidence name."""
    found = {one for text in suspicions["related"].drop_nulls() for one in text.split("|")}
    found |= {one for text in evidence["record"].drop_nulls() for one in text.split("|")}
    return frozenset(found | set(suspicions["stay_id"].drop_nulls())) - {""}


def hide_related(rows: pl.DataFrame, mine: frozenset[str]) -> pl.DataFrame:
    """Suspicions as their institution sees them: no person, and of related records only its own."""
    related = [_only(text, mine) for text in rows["related"]]
    return rows.with_columns(pl.Series("related", related, pl.String), person_id=pl.lit(None, pl.String))


def hide_id(text: str, foreign: frozenset[str]) -> str:
    """The id of a suspicion as its institution sees it: records of others are masked, and where there were any, four
    digits of the id's digest tell it from its like."""
    parts = re.split(r"([/|])", text)
    if foreign.isdisjoint(parts):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:4]
    return "".join(HIDDEN if part in foreign else part for part in parts) + f"#{digest}"


def hide_evidence(
    rows: pl.DataFrame, mine: frozenset[str], others: frozenset[str], mixed: frozenset[str] = frozenset()
) -> pl.DataFrame:
    """Evidence as an institution sees it. Of a record that is not its own nothing is left but that there is one, and
    no date; what its own is compared with shows no date where the suspicion names another's record (those of
    ``mixed``, and those whose evidence does); other institutions are masked everywhere."""
    mixed |= {
        row["suspicion_id"] for row in rows.iter_rows(named=True) if _only(row["record"], mine) != row["record"]
    }
    shown = []
    for row in rows.iter_rows(named=True):
        foreign = _only(row["record"], mine) != row["record"]
        value = _DATE.sub(HIDDEN, row["value"]) if foreign else row["value"]
        expected = _DATE.sub(HIDDEN, row["expected"]) if row["suspicion_id"] in mixed else row["expected"]
        texts = {"value": value, "expected": expected, "record": _only(row["record"], mine)}
        shown.append(row | {name: _WORD.sub(lambda m: _of_other(m[0], others), text) for name, text in texts.items()})
    return pl.DataFrame(shown, schema=rows.schema)


def _only(text: str, mine: frozenset[str]) -> str:
    return "|".join(one if one in mine or not one else HIDDEN for one in text.split("|"))


def _of_other(word: str, others: frozenset[str]) -> str:
    return HIDDEN if word in others else word

"""Special reviews out of a settled run: who may ask, how many, and what experts say together."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from drgpay import runs
from drgpay.samples import make_region
from support.engines import usual

WHOLE = None


def opinion(said: str, amount: int | None = WHOLE) -> dict[str, object]:
    return {"opinion": said, "amount": amount}


@pytest.mark.parametrize(
    ("opinions", "found"),
    [
        ([], ("waiting", None)),
        ([opinion("approve")], ("waiting", None)),
        ([opinion("approve"), opinion("decline")], ("third_needed", None)),
        ([opinion("decline"), opinion("decline")], ("declined", None)),
        ([opinion("approve", 900), opinion("approve", 1_000)], ("approved", 900)),  # 10 % of the larger: no further
        ([opinion("approve", 899), opinion("approve", 1_000)], ("third_needed", None)),
        ([opinion("approve", 899), opinion("approve")], ("third_needed", None)),  # none named: the stay's own, 1,000
        ([opinion("approve"), opinion("approve")], ("approved", None)),
        ([opinion("approve", 500), opinion("approve", 1_000), opinion("approve", 700)], ("approved", 500)),
        ([opinion("approve", 500), opinion("decline"), opinion("decline")], ("declined", None)),
    ],
)
def test_what_opinions_say_together(opinions: list[dict[str, object]], found: tuple[str, int | None]) -> None:
    assert runs.judge_opinions(opinions, cost=1_000, difference=1_000) == found


def test_terms_are_shipped_where_a_practice_says_nothing() -> None:
    on = date(2024, 3, 1)
    special, reconcile = runs.special_terms("demo", on), runs.reconcile_terms("demo", on)
    assert (special.draft_days, special.opinion_days, special.appeal_days, special.difference) == (10, 5, 5, 1_000)
    assert (reconcile.ask_days, reconcile.answer_days, reconcile.fen, reconcile.points) == (10, 5, 1, 100)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("special")
    make_region(folder / "region", stays=900, seed=5, institutions=2)
    return runs.run(runs.Order(folder / "region", "demo", 2024), folder / "out", usual(2))


def test_candidates_lose_money_and_stand_in_the_order_of_their_loss(year: Path) -> None:
    found = runs.special_candidates(year)
    view = runs.View("settled_stays", scope=runs.Scope.everything())
    stays = {row["stay_id"]: row for batch in runs.export_rows(year, view) for row in batch}
    assert found
    for row in found:
        stay = stays[row["stay_id"]]
        assert row["gap"] == stay["total_cost"] - stay["due"] - stay["refused"] - stay["personal_paid"] > 0
        assert stay["case_class"] not in ("special", "excluded")
    for house in {row["institution_id"] for row in found}:
        own = [row for row in found if row["institution_id"] == house]
        assert [row["gap"] for row in own] == sorted((row["gap"] for row in own), reverse=True)
        assert own == runs.special_candidates(year, house)


def test_without_a_quota_there_is_no_limit_and_with_one_it_is_a_share(year: Path, tmp_path: Path) -> None:
    house = runs.special_candidates(year)[0]["institution_id"]
    free = runs.special_quota(year, house)
    assert (free.share, free.allowed) == (None, None)
    assert free.discharges > 100
    assert runs.special_quota(year, "nowhere").discharges == 0

"""Batches: what an institution hands in for a month, in order, and which version of a stay counts."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from drgpay import runs
from drgpay.engine import frame, open_parquet
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Order, run
from drgpay.samples import make_region
from support.command import drgpay
from support.engines import usual
from support.regions import frame_of_stays, text_of_stays

H = "H99990100001"
OTHER = "H99990100002"
MARCH = (2024, 3)
DAY = date(2024, 4, 10)


@pytest.fixture
def region(tmp_path: Path) -> Path:
    """A region of its own, to be written to."""
    make_region(tmp_path / "r", stays=1_500, seed=7, institutions=4)
    return tmp_path / "r"


def stays_of(region: Path, institution: str = H, month: int = 3) -> pl.DataFrame:
    """Stays of 2024 as they were handed in at first, code lists as lists."""
    parts = [
        frame_of_stays(batch)
        for path in sorted((region / "stays" / "2024").glob("*.parquet"))
        for batch in open_parquet(path).read().to_batches()
    ]
    whole = pl.concat(parts)
    return whole.filter(
        (pl.col("institution_id") == institution)
        & (pl.col("discharge_date").dt.year() == 2024)
        & (pl.col("discharge_date").dt.month() == month)
    )


def hand_in(region: Path, stays: pl.DataFrame, name: str = "b.csv", month: tuple[int, int] = MARCH,
            institution: str = H, **more: object) -> runs.Submitted:  # fmt: skip
    """Submit stays as a CSV."""
    file = region.parent / name
    file.write_bytes(text_of_stays(stays))
    return runs.submit(region, file, institution, month, usual(1), on=DAY, **more)  # type: ignore[arg-type]


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def settled(region: Path, out: Path, known_on: date | None = None) -> pl.DataFrame:
    """Stays of March as a month's run has them."""
    run(Order(region, "demo", 2024, 3, known_on), out, usual(1))
    grouped = pl.concat(
        [frame(open_parquet(p).read()) for p in sorted((out / "tables" / "grouped").glob("*.parquet"))]
    )
    return grouped.filter((pl.col("year") == 2024) & (pl.col("month") == 3))


class TestABatchChangesWhatItNames:
    def test_added_changed_same_and_withdrawn_are_counted(self, region: Path) -> None:
        stays = stays_of(region)
        rows = stays.head(4).with_columns(withdrawn=pl.Series(["", "", "是", ""]))
        rows[0, "total_cost"] = stays[0, "total_cost"] + 100
        rows[3, "stay_id"] = "NEW-1"
        done = hand_in(region, rows)
        assert (done.batch, done.added, done.changed, done.same, done.withdrawn, done.rejected) == (1, 1, 1, 1, 1, 0)

    def test_a_run_takes_the_latest_version_and_leaves_what_is_not_named(self, region: Path) -> None:
        stays = stays_of(region)
        cost = stays[0, "total_cost"]
        hand_in(region, stays.head(1).with_columns(total_cost=pl.lit(cost + 100)), "1.csv")
        hand_in(region, stays.head(1).with_columns(total_cost=pl.lit(cost + 250)), "2.csv")
        gone = stays.slice(1, 1).with_columns(withdrawn=pl.lit("1"))
        hand_in(region, gone, "3.csv")
        now = settled(region, region.parent / "m")
        own = now.filter(pl.col("institution_id") == H)
        assert own.filter(pl.col("stay_id") == stays[0, "stay_id"])["total_cost"].to_list() == [cost + 250]
        assert sorted(own["stay_id"]) == sorted(set(stays["stay_id"]) - {stays[1, "stay_id"]})

    def test_the_days_of_receipt_decide_what_is_known(self, region: Path) -> None:
        stays = stays_of(region)
        before = settled(region, region.parent / "a")
        hand_in(region, stays.head(1).with_columns(total_cost=pl.col("total_cost") + 100))
        known = settled(region, region.parent / "b", date(2024, 4, 9))
        assert known.equals(before)
        assert not settled(region, region.parent / "c", DAY).equals(before)

    def test_a_rejected_row_leaves_the_earlier_version(self, region: Path) -> None:
        stays = stays_of(region)
        rows = stays.head(2)
        rows[0, "sex"] = "male"
        rows = rows.with_columns(discharge_date=pl.Series([date(2024, 4, 2), rows[1, "discharge_date"]]))
        rows = rows.with_columns(total_cost=pl.col("total_cost") + 1)
        done = hand_in(region, rows)
        assert (done.changed, done.rejected) == (1, 1)
        assert "batch_month" in frame(done.findings)["rule"].to_list()
        now = settled(region, region.parent / "m").filter(pl.col("stay_id") == stays[0, "stay_id"])
        assert now["total_cost"].to_list() == [stays[0, "total_cost"]]

    def test_a_stay_that_comes_back_after_a_withdrawal_counts(self, region: Path) -> None:
        stays = stays_of(region)
        one = stays.head(1)
        hand_in(region, one.with_columns(withdrawn=pl.lit("是")), "1.csv")
        done = hand_in(region, one.with_columns(total_cost=pl.col("total_cost") + 5), "2.csv")
        assert done.added == 1
        now = settled(region, region.parent / "m").filter(pl.col("stay_id") == one[0, "stay_id"])
        assert now["total_cost"].to_list() == [one[0, "total_cost"] + 5]

    @pytest.mark.slow
    def test_the_order_of_batches_on_different_stays_is_free(self, tmp_path: Path) -> None:
        tables = []
        for order in ((0, 1, 2), (2, 0, 1)):
            folder = tmp_path / "".join(map(str, order))
            make_region(folder / "r", stays=1_500, seed=7, institutions=4)
            stays = stays_of(folder / "r")
            changed = [stays.slice(i, 1).with_columns(total_cost=pl.col("total_cost") + 10 + i) for i in range(3)]
            for i in order:
                hand_in(folder / "r", changed[i], f"{i}.csv")
            tables.append(settled(folder / "r", folder / "m").sort("stay_id"))
        assert tables[0].equals(tables[1])


class TestWhatIsRefusedLeavesNothing:
    def refused(self, region: Path, kind: Kind, call: object) -> str:
        """The message of a refusal after which the region is as it was."""
        before = files_below(region)
        with pytest.raises(DrgpayError) as failure:
            call()  # type: ignore[operator]
        assert failure.value.kind is kind
        assert files_below(region) == before
        return str(failure.value)

    def test_an_institution_that_is_not_there(self, region: Path) -> None:
        said = self.refused(region, Kind.DATA, lambda: hand_in(region, stays_of(region), institution=H[:-1] + "9"))
        assert H[:-2] in said

    def test_a_withdrawal_of_what_was_never_there(self, region: Path) -> None:
        said = self.refused(region, Kind.DATA, lambda: hand_in(region, stays_of(region), withdrawn=["NOBODY"]))
        assert "NOBODY" in said

    def test_the_same_file_twice(self, region: Path) -> None:
        hand_in(region, stays_of(region).head(2))
        assert "1" in self.refused(region, Kind.USAGE, lambda: hand_in(region, stays_of(region).head(2)))

    def test_a_file_without_a_usable_row_names_the_commonest_reason(self, region: Path) -> None:
        april = stays_of(region, month=4)
        said = self.refused(region, Kind.DATA, lambda: hand_in(region, april))
        assert "discharged outside the month of this batch" in said

    def test_a_sealed_month_takes_a_correction_with_a_reason_only(self, region: Path) -> None:
        def sealed(area: str, year: int, month: int) -> bool:
            return (year, month) == MARCH

        one = stays_of(region).head(1)
        self.refused(region, Kind.USAGE, lambda: hand_in(region, one, sealed=sealed))
        self.refused(region, Kind.USAGE, lambda: hand_in(region, one, sealed=sealed, correction=True))
        assert hand_in(region, one, sealed=sealed, correction=True, reason="补报").batch == 1

    def test_a_stay_of_another_institution_is_kept_out_and_both_are_named(self, region: Path) -> None:
        theirs = stays_of(region, OTHER)
        rows = pl.concat([stays_of(region).head(1), theirs.head(1).with_columns(institution_id=pl.lit(H))])
        done = hand_in(region, rows)
        found = frame(done.findings).filter(pl.col("rule") == "stay_id_elsewhere")
        assert done.rejected == 1
        assert found["value"].to_list() == [f"{H} / {OTHER}"]

    def test_a_stay_moves_to_another_month_by_withdrawal_and_addition(self, region: Path) -> None:
        one = stays_of(region).head(1)
        moved = one.with_columns(discharge_date=pl.lit(date(2024, 4, 3)))
        said = self.refused(region, Kind.DATA, lambda: hand_in(region, moved, month=(2024, 4)))
        assert "withdraw it in a batch of that month first" in said
        hand_in(region, one.with_columns(withdrawn=pl.lit("是")), "w.csv")
        assert hand_in(region, moved, "a.csv", month=(2024, 4)).added == 1

    def test_a_changed_batch_is_noticed(self, region: Path) -> None:
        hand_in(region, stays_of(region).head(2))
        kept = region / "batches" / "000001" / "stays.parquet"
        kept.write_bytes(kept.read_bytes()[:-1] + b"x")
        with pytest.raises(DrgpayError) as failure:
            settled(region, region.parent / "m")
        assert failure.value.kind is Kind.BROKEN


class TestARegisterOfBatchesWrittenByHand:
    def test_is_read_as_one_that_was_submitted(self, region: Path) -> None:
        stays = stays_of(region)
        changed = stays.head(2).with_columns(total_cost=pl.col("total_cost") + 7)
        (region / "march.csv").write_bytes(text_of_stays(changed))
        (region / "批次.csv").unlink(missing_ok=True)
        (region / "batches.csv").write_text(
            f"batch,institution_id,month,file,received_on\n1,{H},2024-03,march.csv,2024-04-10\n", encoding="utf-8"
        )
        now = settled(region, region.parent / "m").filter(pl.col("stay_id").is_in(changed["stay_id"].to_list()))
        assert sorted(now["total_cost"]) == sorted(changed["total_cost"])

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            (f"1,{H},2024-13,march.csv,", "YYYY-MM"),
            (f"1,{H},2024-03,../march.csv,", "outside the region"),
            (f"1,{H},2024-03,nothing.csv,", "not there"),
        ],
    )
    def test_mistakes_are_named(self, region: Path, row: str, said: str) -> None:
        (region / "march.csv").write_bytes(text_of_stays(stays_of(region).head(1)))
        (region.parent / "march.csv").write_bytes(b"x")
        (region / "batches.csv").write_text(f"batch,institution_id,month,file,received_on\n{row}\n", encoding="utf-8")
        with pytest.raises(DrgpayError) as failure:
            runs.read_region(region)
        assert said in str(failure.value)


class TestTheCommands:
    def test_submit_and_history_tell_it_in_both_languages(self, region: Path) -> None:
        stays = stays_of(region)
        one = stays.head(1).with_columns(total_cost=pl.col("total_cost") + 100)
        file = region.parent / "补报.csv"
        file.write_bytes(text_of_stays(one))
        words = ("--institution", H, "--month", "2024-03", "--reason", "补报", "--on", "2024-04-10")
        done = drgpay("region", "submit", region, file, *words)
        assert done.returncode == 0
        assert "批次 1" in done.stdout
        told = drgpay("region", "history", region, "--stay", one[0, "stay_id"], "--lang", "en")
        assert "batch 0" in told.stdout
        assert "batch 1  2024-04-10" in told.stdout
        assert "total_cost" in told.stdout
        about = json.loads((region / "batches" / "000001" / "batch.json").read_text(encoding="utf-8"))
        assert about["accepted"] == 1
        assert drgpay("region", "history", region, "--stay", "NOBODY").returncode == int(Kind.DATA)


def test_random_batches_equal_a_plain_telling(tmp_path: Path) -> None:
    """Versions by a dictionary, one row at a time, against a run's stays."""
    draw = random.Random(5)
    make_region(tmp_path / "r", stays=1_500, seed=3, institutions=3)
    region = tmp_path / "r"
    stays = stays_of(region)
    plain = {row["stay_id"]: row["total_cost"] for row in stays.to_dicts()}
    for number in range(6):
        rows = stays.sample(5, seed=number).with_columns(
            total_cost=pl.col("total_cost") + draw.randrange(1, 1000), withdrawn=pl.lit("")
        )
        for at in range(5):
            if draw.random() < 0.3 and rows[at, "stay_id"] in plain:
                rows[at, "withdrawn"] = "是"
        for row in rows.to_dicts():
            if row["withdrawn"]:
                del plain[row["stay_id"]]
            else:
                plain[row["stay_id"]] = row["total_cost"]
        hand_in(region, rows, f"{number}.csv")
    now = settled(region, tmp_path / "m").filter(pl.col("institution_id") == H)
    assert dict(now.select("stay_id", "total_cost").rows()) == plain

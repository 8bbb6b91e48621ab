"""The book from the command line: months sealed one after the other, a correction of a sealed one, and its checks."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import polars as pl
import pytest

from drgpay.engine import read_table
from drgpay.samples import make_region
from drgpay.tables import CORRECTIONS, MONTH_CASH
from support.command import drgpay

RUN = ("--region", "r", "--policy", "demo", "--year", "2024")
H = "H99990100001"


@pytest.mark.slow
def test_two_months_are_sealed_and_a_correction_of_the_first_is_found_by_the_second(tmp_path: Path) -> None:
    make_region(tmp_path / "r", stays=600, seed=7, institutions=3)
    assert drgpay("run", "month", *RUN, "--month", "1", "-o", "m01", cwd=tmp_path).returncode == 0
    unsealed = drgpay("run", "month", *RUN, "--month", "2", "--after", "m01", "-o", "m02", cwd=tmp_path)
    assert unsealed.returncode == 2
    assert "还没有封账" in unsealed.stderr

    sealed = drgpay("run", "seal", "m01", "--by", "审批人", "--on", "2024-02-10", cwd=tmp_path)
    assert sealed.returncode == 0, sealed.stderr
    assert not (tmp_path / "m01" / "manifest.json").stat().st_mode & stat.S_IWUSR
    assert drgpay("verify", "m01", cwd=tmp_path).returncode == 0
    assert drgpay("run", "seal", "m01", "--by", "审批人", cwd=tmp_path).returncode == 2
    assert drgpay("run", "month", *RUN, "--month", "1", "-o", "m01", "--replace", cwd=tmp_path).returncode == 2

    stays = pl.read_parquet(tmp_path / "r" / "stays" / "2024" / "*.parquet")
    january = stays.filter(pl.col("institution_id").cast(pl.String) == H, pl.col("discharge_date").dt.month() == 1)
    gone = january.sort("stay_id")["stay_id"][0]
    one = january.filter(pl.col("stay_id") == gone).with_columns(
        pl.col("dx", "proc").cast(pl.List(pl.String)).list.join("|"),
        *(pl.col(name) / 100 for name in ("total_cost", "personal_paid", "fund_by_item")),
        撤销=pl.lit("是"),
    )
    one.write_csv(tmp_path / "fixed.csv")
    submit = ("region", "submit", "r", "fixed.csv", "--institution", H, "--month", "2024-01")
    assert drgpay(*submit, cwd=tmp_path).returncode == 2
    assert drgpay(*submit, "--correction", cwd=tmp_path).returncode == 2
    taken = drgpay(*submit, "--correction", "--reason", "重复上报", cwd=tmp_path)
    assert taken.returncode == 0, taken.stderr
    assert "撤销 1" in taken.stdout

    assert drgpay("run", "month", *RUN, "--month", "3", "--after", "m01", "-o", "m03", cwd=tmp_path).returncode == 2
    again = drgpay("run", "month", *RUN, "--month", "2", "--after", "m01", "-o", "m02", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    rows = read_table(tmp_path / "m02" / "tables", CORRECTIONS)
    found = rows.filter(pl.col("stay_id") == gone).row(0, named=True)
    assert (found["month"], found["found_in"], found["cause"], found["points_after"]) == (1, 2, "batch", 0)
    assert read_table(tmp_path / "m02" / "tables", MONTH_CASH)["corrections"].sum() == 0  # they wait for the clearing
    assert drgpay("verify", "m01", cwd=tmp_path).returncode == 0

    told = drgpay("book", "m02", "--lang", "en", cwd=tmp_path)
    assert told.returncode == 0
    assert "m01" in told.stdout
    assert "m02" in told.stdout


def test_a_signed_seal_holds_for_its_key_and_a_cut_tail_is_found_by_the_head(tmp_path: Path) -> None:
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    from cryptography.hazmat.primitives import serialization as as_text

    def keys(name: str) -> None:
        key = ed25519.Ed25519PrivateKey.generate()
        private = key.private_bytes(as_text.Encoding.PEM, as_text.PrivateFormat.PKCS8, as_text.NoEncryption())
        public = key.public_key().public_bytes(as_text.Encoding.PEM, as_text.PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{name}.pem").write_bytes(private)
        (tmp_path / f"{name}.pub").write_bytes(public)

    keys("ours")
    keys("others")
    make_region(tmp_path / "r", stays=600, seed=7, institutions=3)
    assert drgpay("run", "month", *RUN, "--month", "1", "-o", "m01", cwd=tmp_path).returncode == 0
    sealed = drgpay("run", "seal", "m01", "--by", "审批人", "--key", "ours.pem", cwd=tmp_path)
    assert sealed.returncode == 0, sealed.stderr
    head = json.loads((tmp_path / "seals.jsonl").read_text(encoding="utf-8").splitlines()[-1])["hash"]
    assert head in sealed.stdout
    quick = ("verify", "m01", "--quick")
    assert drgpay(*quick, "--head", head, "--public-key", "ours.pub", cwd=tmp_path).returncode == 0
    assert drgpay(*quick, "--public-key", "others.pub", cwd=tmp_path).returncode == 6
    assert drgpay(*quick, "--head", "0" * 64, cwd=tmp_path).returncode == 6
    (tmp_path / "seals.jsonl").unlink()
    assert drgpay(*quick, cwd=tmp_path).returncode == 6

"""Rows straight from a database: read-only, one SELECT, the same groups as from a file."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import Result

from drgpay import runs
from drgpay.cli import app
from drgpay.errors import DrgpayError, Kind
from support.command import CliRunner

ROWS = [
    ("s1", "男", 60, 8, "2024-03-09", "I63.900", 10000.10, 2000),
    ("s2", "女", 61, 9, "2024-03-10", "K80.000", 0.3, 0),
    ("s3", "女", 61, 9, None, "I63.900", 90000, None),
]
QUERY = (
    "SELECT id AS 病例号, sex AS 性别, age AS 年龄, days AS 住院天数, left_on AS 出院日期, dx AS 诊断编码, "
    "cost AS 总费用, own AS 个人负担 FROM stays ORDER BY id -- 全部\n"
)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    file = tmp_path / "his.db"
    with sqlite3.connect(file) as db:
        db.execute(
            "CREATE TABLE stays (id TEXT, sex TEXT, age INT, days INT, left_on TEXT, dx TEXT, cost REAL, own INT)"
        )
        db.executemany("INSERT INTO stays VALUES (?,?,?,?,?,?,?,?)", ROWS)
        db.execute(f"CREATE VIEW drg_stays AS {QUERY.partition('--')[0]}")
    db.close()
    (tmp_path / "stays.sql").write_text(QUERY, encoding="utf-8")
    return file


def drgpay(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "240"}).invoke(app, list(map(str, words)))


def test_groups_are_those_of_a_file(base: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{base}"
    for number, how in enumerate((("--query", tmp_path / "stays.sql"), ("--view", "drg_stays"))):
        done = drgpay("group", "--sql", url, *how, "-o", tmp_path / f"{number}.csv")
        assert done.exit_code == 0, done.output
    head = "病例号,性别,年龄,住院天数,诊断编码\n"
    (tmp_path / "s.csv").write_text(
        head + "\n".join(",".join(map(str, (*r[:4], r[5]))) for r in ROWS), encoding="utf-8"
    )
    assert drgpay("group", tmp_path / "s.csv", "-o", tmp_path / "file.csv").exit_code == 0
    whole = [pl.read_csv(tmp_path / f"{name}.csv") for name in ("0", "1", "file")]
    assert whole[0].equals(whole[1])
    assert whole[0].equals(whole[2])


def test_money_is_what_was_typed(base: Path, tmp_path: Path) -> None:
    assert runs.fetch(f"sqlite:///{base}", QUERY, tmp_path / "t.parquet") == 3
    read = pl.read_parquet(tmp_path / "t.parquet")
    assert read["总费用"].to_list() == ["10000.1", "0.3", "90000"]
    found = runs.named_files([tmp_path / "t.parquet"])
    (part,) = [part for _, part in runs.read_files(found, need="estimate", codes=runs.known_codes())]
    assert part.stays.column("total_cost").to_pylist() == [1_000_010, 30, 9_000_000]
    assert part.stays.column("personal_paid").to_pylist() == [200_000, 0, None]


@pytest.mark.parametrize("query", [
    "DELETE FROM stays", "SELECT 1; DROP TABLE stays", "", "WITH x AS (SELECT 1) DELETE FROM stays",
    "PRAGMA user_version",
    "-- SELECT\nUPDATE stays SET age = 1",
])  # fmt: skip
def test_only_one_select(base: Path, tmp_path: Path, query: str) -> None:
    with pytest.raises(DrgpayError) as caught:
        runs.fetch(f"sqlite:///{base}", query, tmp_path / "t.parquet")
    assert caught.value.kind is Kind.USAGE
    assert (
        runs.fetch(f"sqlite:///{base}", "SELECT ';drop' AS a, count(*) AS n FROM stays;", tmp_path / "n.parquet") == 1
    )


def test_the_database_is_opened_to_read_alone(base: Path) -> None:
    import adbc_driver_sqlite.dbapi as driver

    from drgpay.runs.database import _place

    _, place = _place(f"sqlite:///{base}", {})
    with driver.connect(place) as connection, connection.cursor() as cursor, pytest.raises(driver.Error):
        cursor.execute("DELETE FROM stays")


@pytest.mark.parametrize(("url", "kind"), [
    ("sqlite:///no/such.db", Kind.USAGE), ("mysql://a@b/c", Kind.USAGE), ("postgresql://a:secret@h/d", Kind.USAGE),
])  # fmt: skip
def test_addresses_are_right_or_refused(tmp_path: Path, url: str, kind: Kind) -> None:
    with pytest.raises(DrgpayError) as caught:
        runs.fetch(url, "SELECT 1", tmp_path / "t.parquet")
    assert caught.value.kind is kind
    assert "secret" not in caught.value.text()


def test_what_the_database_says_is_told(base: Path, tmp_path: Path) -> None:
    with pytest.raises(DrgpayError) as caught:
        runs.fetch(f"sqlite:///{base}", "SELECT nothing FROM stays", tmp_path / "t.parquet")
    assert caught.value.kind is Kind.DATA
    assert "nothing" in str(caught.value.value)


def test_check_and_estimate_take_it_too(base: Path, tmp_path: Path) -> None:
    done = drgpay("check", "--sql", f"sqlite:///{base}", "--view", "drg_stays", "--need", "grouping", "--findings",
                  tmp_path / "f.xlsx")  # fmt: skip
    assert done.exit_code == 0, done.output
    book = tmp_path / "p.xlsx"
    drgpay("estimate", "--template", "-o", book)
    done = drgpay("estimate", "--sql", f"sqlite:///{base}", "--view", "drg_stays", "--published", book)
    assert done.exit_code == 0, done.output
    assert "在院" in done.output
    assert drgpay("group", "--query", tmp_path / "stays.sql").exit_code == 2


def test_grouping_goes_without_what_draws_charts() -> None:
    code = ("import sys; sys.modules['plotly'] = None\n"
            "from drgpay import Grouper, report\nfrom drgpay.errors import DrgpayError\n"
            "print(Grouper().group({'dx': ['I63.900'], 'sex': 'male', 'age': 60, 'los': 8}).drg)\n"
            "print(report.charts_missing().kind.name)\n")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    drg, kind = done.stdout.split()
    assert (len(drg), kind) == (4, "ENGINE")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of its own, where the machine has the programs, the driver and a user to run it as."""
    pytest.importorskip("adbc_driver_postgresql")
    if not all(map(shutil.which, ("initdb", "pg_ctl", "psql"))):
        pytest.skip("no PostgreSQL here")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_user: dict[str, Any] = {}
    if os.getuid() == 0:  # the server refuses to run as root
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def call(*words: object) -> None:
        subprocess.run(
            list(map(str, words)),
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **as_user,
        )

    (folder / "password").write_text("s3cret/:@\n")
    (folder / "password").chmod(0o644)
    try:
        call("initdb", "-D", folder / "d", "-U", "reader", "-A", "scram-sha-256", "--pwfile", folder / "password")
    except (subprocess.CalledProcessError, PermissionError):
        pytest.skip("PostgreSQL cannot be started here")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
    call("pg_ctl", "-D", folder / "d", "-o", options, "-l", folder / "log", "-w", "start")
    try:
        yield f"postgresql://reader@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-D", folder / "d", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def test_postgresql_with_the_password_from_the_environment(server: str, tmp_path: Path) -> None:
    words = {runs.PASSWORD: "s3cret/:@"}
    sql = "SELECT '甲'::text AS 病例号, 12.30::numeric(10,2) AS 总费用, DATE '2024-03-09' AS 出院日期, 8 AS 住院天数"
    assert runs.fetch(server, sql, tmp_path / "t.parquet", words) == 1
    row = pl.read_parquet(tmp_path / "t.parquet").row(0, named=True)
    assert (row["病例号"], row["总费用"], str(row["出院日期"]), row["住院天数"]) == ("甲", "12.30", "2024-03-09", "8")
    with pytest.raises(DrgpayError) as caught:
        runs.fetch(server, sql, tmp_path / "u.parquet", {runs.PASSWORD: "wrong"})
    assert (caught.value.kind, "s3cret" in caught.value.text()) == (Kind.DATA, False)
    runs.fetch(server, "SELECT current_setting('transaction_read_only') AS way", tmp_path / "w.parquet", words)
    assert pl.read_parquet(tmp_path / "w.parquet")["way"].to_list() == ["on"]

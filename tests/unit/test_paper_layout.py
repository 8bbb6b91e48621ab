"""Papers as they are laid out: every column readable, wide tables in parts, amounts with a unit, no empty table."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from drgpay.report.papers import Chart, Column, Line, Paper, Series, Table, Text
from drgpay.report.papers.layout import Room, laid_out, widths
from drgpay.report.workbook import printed_width
from support.examples import TIMES

ROOM = Room(18.0, ((8, 8.5), (1_000, 7.5)), 0.02, 0.3)


def paper(*blocks: Table | Text | Chart, lang: str = "zh") -> Paper:
    return Paper(lang, "", "t", "", (("number", "1"),), blocks, (), "")


def tables(made: Paper) -> list[Table]:
    return [block for block in made.blocks if isinstance(block, Table)]


def wide(count: int) -> Table:
    """An institution, its level, and amounts that do not fit beside each other."""
    columns = (Column("定点医疗机构", share=1), Column("等级", share=1),
               *(Column(f"第{n}项预付金额", "fen") for n in range(count)))  # fmt: skip
    rows = tuple(Line((f"云州市第{n}人民医院", "三级", *range(12_345_678, 12_345_678 + count))) for n in range(3))
    return Table("预付", columns, rows, Line(("合计", None, *range(count)), strong=True))


def test_a_table_too_wide_stands_in_parts_that_begin_alike() -> None:
    parts = tables(laid_out(paper(wide(22)), ROOM))
    assert len(parts) > 1
    assert [part.title for part in parts] == [f"预付 ({n}/{len(parts)})" for n in range(1, len(parts) + 1)]
    assert [c.head for part in parts for c in part.columns[2:]] == [f"第{n}项预付金额(元)" for n in range(22)]
    for part in parts:
        assert [column.head for column in part.columns[:2]] == ["定点医疗机构", "等级"]
        assert [row.values[:2] for row in part.rows] == [(f"云州市第{n}人民医院", "三级") for n in range(3)]
        assert part.total is not None
    values = [value for part in parts for value in part.rows[0].values[2:]]
    assert values == list(range(12_345_678, 12_345_678 + 22))
    assert len(tables(laid_out(paper(wide(4)), ROOM))) == 1


@given(st.integers(1, 30), st.integers(0, 60), st.sampled_from(["zh", "en"]))
@settings(max_examples=30 * TIMES, deadline=None)
def test_no_number_is_broken_and_no_text_squeezed_to_signs(count: int, long: int, lang: str) -> None:
    base = wide(count)
    rows = tuple(Line((row.values[0] + "院" * long, *row.values[1:])) for row in base.rows)
    for part in tables(laid_out(paper(Table("预付", base.columns, rows), lang=lang), ROOM)):
        found = widths(part, ROOM, lang)
        sign = ROOM.size(part) * ROOM.sign
        assert sum(found) <= ROOM.wide + 1e-6
        assert all(one >= ROOM.margin + sign * printed_width("123,456.78") - 1e-6 for one in found[2:])
        assert found[0] >= ROOM.margin + sign * 14 - 1e-6


def test_amounts_say_in_what_they_are_and_names_begin_with_a_capital_in_english() -> None:
    heads = (Column("item"), Column("due", "fen"), Column("paid (yuan)", "fen"), Column("n", "int"))
    plain = Table("sums", heads, (Line(("a", 1, 2, 3)),))
    mixed = Table("steps", (Column("item"), Column("employee", "fen")), (Line(("points", 5), kind="points"),))
    made = laid_out(
        paper(plain, mixed, Text("why", ("x",)), Chart("course", (), (Series("s", ()),)), lang="en"), ROOM
    )
    assert [column.head for column in tables(made)[0].columns] == ["Item", "Due (yuan)", "Paid (yuan)", "N"]
    assert [column.head for column in tables(made)[1].columns] == ["Item", "Employee"]
    assert [block.title for block in made.blocks] == ["Sums", "Steps", "Why", "Course"]
    assert made.facts == (("Number", "1"),)


def test_an_empty_table_is_left_out() -> None:
    assert laid_out(paper(Table("专项贷款名单", (Column("机构"),), ())), ROOM).blocks == ()

"""Scorecards as a page: docs/scorecards.md says of every item where its value comes from; never written by hand."""

from __future__ import annotations

from collections.abc import Iterable

from drgpay.scorecard.model import Card, Item
from drgpay.scorecard.wording import rule_text, show_bound, show_number
from drgpay.sources import in_words


def scorecards_markdown(cards: Iterable[Card]) -> str:
    """Checked cards as Markdown, in Chinese and English side by side: items with full mark, where their value comes
    from, rule and source, and what of the full mark can only be reported."""
    lines = [
        "# 评分表 · Scorecards",
        "",
        "由 `make docs` 从 `data/scorecards` 生成,请勿手改。Written from them by `make docs`; do not edit.",
        "",
        "取值 value: **系统计算 computed** = 只由系统计算 from data alone; **计算或填报 computed or reported** = "
        "系统有数据时计算,没有时凭佐证填报 computed where there is data, else reported with evidence; "
        "**填报 reported** = 只能凭佐证填报 with evidence only.",
        "",
    ]
    for card in cards:
        lines += [f"## {card.id} · {card.zh} · {card.en}", "", _source(card.source), ""]
        reported = "、".join(dict.fromkeys(_only_reported(card, kind) for kind in card.types))
        lines += [
            f"满分 full mark {show_number(card.full)};只能填报 reported only {reported};至少测得 least measured "
            f"{show_bound(card.least_measured, 'share')},否则不评等级 or there is no grade.",
            "",
            "| 编号 item | 名称 name | 满分 full | 取值 value | 规则 rule | 来源 source |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        lines += [_row(card, item) for item in card.items] + [""]
    return "\n".join(lines)


def _only_reported(card: Card, kind: str) -> str:
    return show_number(sum(item.full[kind] for item in card.items if item.indicator is None))


def _source(said: str) -> str:
    return f"{in_words(said, 'zh')} / {in_words(said, 'en')}"


def _row(card: Card, item: Item) -> str:
    fulls = {show_number(full) for full in item.full.values()}
    full = fulls.pop() if len(fulls) == 1 else "; ".join(f"{t} {show_number(f)}" for t, f in item.full.items())
    basis = "填报 reported"
    if item.indicator is not None:
        basis = "计算或填报 computed or reported" if item.or_reported else "系统计算 computed"
        basis += f" `{item.indicator}`"
    rule = rule_text(item, card.grade_names)
    cells = (f"`{item.id}`", f"{item.zh} {item.en}", full, basis, f"{rule.zh} / {rule.en}", _source(item.source))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

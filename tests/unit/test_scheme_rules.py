"""The grammar of conditions, rules and splits."""

from __future__ import annotations

import pytest

from drgpay.scheme import rules
from drgpay.scheme.rules import And, Compare, Const, Flag, InList, Not, Operation, Or, Severity, Sites


def test_not_binds_tightest_then_and() -> None:
    assert rules.parse("pdx | !pop & pproc1", "rule") == Or(
        (InList("pdx", "pdx"), And((Not(Operation(True)), InList("pproc", "pproc1"))))
    )
    assert rules.parse("!(pdx | op)", "rule") == Not(Or((InList("pdx", "pdx"), Operation(False))))


@pytest.mark.parametrize(
    ("text", "place", "want"),
    [
        ("", "condition", InList("pdx", "pdx")),
        ("true", "condition", Const(True)),
        ("always", "split", Const(True)),
        ("sites>=2", "condition", Sites(2)),
        ("sex==male", "condition", Compare("sex", "==", "male")),
        ("age_days < 29", "rule", Compare("age_days", "<", 29)),
        ("weight>=1500", "rule", Compare("weight", ">=", 1500)),
        ("los<=6", "split", Compare("los", "<=", 6)),
        ("odx12", "rule", InList("odx", "odx12")),
        ("icu", "split", Flag("icu")),
        ("mcc_or_cc", "split", Severity(frozenset({1, 2, 3}))),
        ("no_mcc", "split", Severity(frozenset({0, 1}))),
        ("mcc", "rule", Severity(frozenset({2, 3}))),
        ("proc2>=3", "rule", InList("proc", "proc2", 3)),
        ("oproc", "rule", InList("oproc", "oproc")),
    ],
)
def test_words(text: str, place: str, want: rules.Expr) -> None:
    assert rules.parse(text, place) == want


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("pdx &", "rule", "something is missing"),
        ("", "rule", "something is missing"),
        ("(pdx", "rule", "not closed"),
        ("pdx pproc", "rule", "one too many"),
        ("pdx # pproc", "rule", "cannot read"),
        ("principal", "rule", "not a word of the grammar"),
        ("sex==other", "condition", "not known"),
        ("age==male", "rule", "not known"),
        ("sites>=3", "condition", "not known"),
        ("pdx>=2", "rule", "not known"),
        ("proc1<2", "rule", "not known"),
        ("mcc", "condition", "may not stand in a condition"),
        ("sites>=2", "rule", "may not stand in a rule"),
    ],
)
def test_refusals_say_what_is_wrong(text: str, place: str, says: str) -> None:
    with pytest.raises(rules.RuleError, match=says):
        rules.parse(text, place)


def test_a_replacement_rule_reads_the_list_of_the_base_rule() -> None:
    tree = rules.parse("adx & pproc2", "rule")
    assert rules.reread_lists(tree, {"pdx", "proc2"}) == And((InList("adx", "pdx"), InList("pproc", "proc2")))
    assert rules.reread_lists(tree, {"adx", "pdx", "pproc2"}) == tree


@pytest.mark.parametrize("text", ["pdx & (proc1 | !(op & proc2>=2))", "!mcc & any_cc | true", "age<17 & sex==male"])
def test_a_shown_tree_reads_as_the_same_tree(text: str) -> None:
    tree = rules.parse(text, "split")
    assert rules.parse(rules.show(tree), "split") == tree

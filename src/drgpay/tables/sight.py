"""Who may see the rows of a table, which of its columns tell of persons, and which add up (design/12 §7).

Every table has its line here; one without is refused, so that nothing is shown because nobody thought of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sight:
    """Who may see a table.

    ``visible``, the smallest unit whose people see its rows, with the column that names the unit:

    - ``public``: everybody.
    - ``area``: people of the area only.
    - ``institution:<column>``, ``department:<column>``, ``doctor:<column>``: a row is its unit's, and of those above
      it. A department is one of the row's ``institution_id``, a doctor one of its ``institution_id`` and, for people
      of a department, its ``department_id``. Without ``institution_id`` the rows are of the institution whose
      results the folder holds; ``institution:`` without a column too.
    - ``via:<table>.<key>``: whoever sees the row of the other table with the same key.

    ``persons``: columns that name or describe a person. ``others``: columns with figures of other institutions, for
    people of the area. ``adds``: columns whose sum over the rows of any selection means something.
    """

    visible: str
    persons: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()


PUBLIC, AREA = "public", "area"
HOUSE, WARD, DOCTOR = "institution:institution_id", "department:department_id", "doctor:doctor_id"
OWN = "institution:"
"""of the institution whose results the folder holds"""

_PERSON = ("person_id",)
_COSTS = ("total_cost", "personal_paid", "fund_by_item")


def _sight(visible: str, adds: str = "", persons: str = "", others: str = "") -> Sight:
    return Sight(visible, tuple(persons.split()), tuple(others.split()), tuple(adds.split()))


_INPUTS = {
    "stays": Sight(DOCTOR, _PERSON, adds=_COSTS),
    "institutions": _sight(PUBLIC),
    "departments": _sight(WARD),
    "doctors": _sight(DOCTOR),
    "persons": _sight(AREA, persons="person_id birth_date death_date township"),
    "budgets": _sight(PUBLIC, "revenue drg_budget"),
    "grades": _sight(HOUSE),
    "overspend_evidence": _sight(HOUSE, "amount"),
    "batches": _sight(HOUSE),
    "months_paid": _sight(HOUSE, "due paid deposit"),
    "payment_holds": _sight(HOUSE),
    "institution_events": _sight(PUBLIC),
    "stay_details": Sight("via:grouped.stay_id", _PERSON),
    "charges": Sight(HOUSE, _PERSON, adds=("amount",)),
    "visits": Sight(DOCTOR, _PERSON, adds=_COSTS),
    "truth": _sight(AREA),
    "hidden_groups": _sight(AREA),
    "group_weights": _sight(PUBLIC),
    "operation_levels": _sight(PUBLIC),
    "stay_decisions": _sight(HOUSE),
    "indicator_values": _sight(HOUSE),
    "violations": _sight(HOUSE, "amount"),
    "debts": _sight(HOUSE, "amount"),
    "budget_adjustments": _sight(AREA, "amount"),
    "takes": _sight(AREA),
    "doctor_marks": _sight(DOCTOR),
    "refusals": _sight(HOUSE),
    "confirmed_cases": _sight(HOUSE),
    "supervision": _sight(HOUSE),
    "taken_rows": _sight(AREA),
}
_FUND = {
    "fund_history": _sight(AREA),
    "fund_plans": _sight(AREA, "revenue expenditure"),
    "fund_months": _sight(AREA, "revenue lump_sum expenditure"),
    "budget_entries": _sight(AREA, "amount"),
    "budget_amounts": _sight(AREA, "amount"),
    "negotiations": _sight(HOUSE),
    "institution_history": _sight(HOUSE, "fund_paid unreasonable"),
    "sanctions": _sight(HOUSE),
    "risk_movements": _sight(AREA, "amount"),
    "prepayment_terms": _sight(HOUSE),
    "advances": _sight(HOUSE, "amount reserve"),
    "institution_budgets": _sight(HOUSE, "amount"),
    "advance_use": _sight(HOUSE, "used cost cost_last_year"),
    "budget_plan": _sight(AREA),
    "budget_parts": _sight(AREA, "budget adjustment adjusted"),
    "institution_indicators": _sight(HOUSE, "history invalid indicator", others="peers"),
    "claw_backs": _sight(HOUSE, "before after receivable payable"),
    "risk_fund": _sight(AREA),
    "prepayments": _sight(HOUSE, "advance paid_ordinary paid_emergency to_advance"),
    "loan_candidates": _sight(HOUSE),
    "fund_health": _sight(AREA),
    "overspend_causes": _sight(PUBLIC),
    "overspend_proposals": _sight(HOUSE, "n actual due amount"),
    "sharing_minutes": _sight(PUBLIC),
    "sharing_series": _sight(AREA),
    "sharing_reasons": _sight(AREA),
    "sharing_ratios": _sight(PUBLIC),
}
_MODES = {
    "enrolment": _sight(
        AREA,
        persons="person_id birth_date death_date township school_id employer_id diseases migrated exempt_category",
    ),
    "institution_kinds": _sight(PUBLIC),
    "stay_areas": _sight("via:grouped.stay_id"),
    "communities": _sight(PUBLIC),
    "community_members": _sight(PUBLIC),
    "community_scores": _sight(AREA),
    "exempt_persons": _sight(AREA, persons="person_id township"),
    "out_of_area_claims": _sight(HOUSE, "total_cost personal_paid fund_amount"),
    "procurement": _sight(HOUSE),
    "referrals": _sight("via:grouped.stay_id"),
    "stay_modes": Sight(WARD, adds=("due", "refused", *_COSTS)),
    "mode_payments": _sight(HOUSE),
    "bed_day_assessments": _sight(HOUSE, "n days"),
    "shadow_prices": _sight(HOUSE, "points shadow total_cost due"),
    "heads": _sight(AREA, persons="person_id death_date township"),
    "capitation_heads": _sight(AREA, "heads amount"),
    "visit_payments": Sight(HOUSE, adds=("due", *_COSTS)),
    "capitation_results": _sight(HOUSE, "heads pool charges result balance"),
    "mode_findings": _sight(AREA, "n", persons="township"),
    "internet_visits": _sight(HOUSE, "n internet_n internet_cost internet_due"),
    "out_of_area_statements": _sight(AREA, "n cost personal fund"),
    "out_of_area_watch": _sight(HOUSE, others="mean_of_all"),
    "procurement_payments": _sight(HOUSE, "agreed advance savings missed lost reward penalty cut"),
    "benefit_splits": _sight(HOUSE, "total_cost out_of_policy deductible own_share over_cap fund personal"),
    "enrolment_gaps": _sight(AREA, persons="person_id township"),
    "expenditure_by_mode": _sight(HOUSE),
}
_OVERSIGHT = {
    "alert_events": _sight("via:alerts.alert_id"),
    "reviews": _sight("via:suspicions.suspicion_id"),
    "second_codings": _sight(AREA),
    "arbitrations": _sight(AREA),
    "coders": _sight(HOUSE),
    "complaints": _sight(HOUSE),
    "institution_links": _sight(AREA),
    "special_requests": _sight(HOUSE),
    "special_opinions": _sight(AREA),
    "suspicions": _sight(HOUSE, persons="person_id"),
    "suspicion_evidence": _sight("via:suspicions.suspicion_id"),
    "rule_status": _sight(AREA),
    "coding_rates": _sight(HOUSE),
    "alerts": _sight(WARD),
    "alert_evidence": _sight("via:alerts.alert_id"),
    "control_points": _sight(HOUSE),
    "audit_sample": _sight(AREA),
    "claim_checks": _sight(AREA, "total_cost personal_paid fund_amount"),
    "audit_results": _sight(HOUSE, "difference"),
    "audit_agreement": _sight(AREA),
    "record_quality": _sight(HOUSE),
    "upcoding_rates": _sight(HOUSE),
    "bill_findings": _sight(HOUSE, "value expected"),
    "bill_rates": _sight(HOUSE),
    "coder_staffing": _sight(HOUSE),
    "treatments": _sight(HOUSE, "amount damages"),
    "ledger_preview": _sight(HOUSE),
    "doctor_points": _sight(DOCTOR),
    "publications": _sight(PUBLIC, "count amount damages"),
    "negative_list": _sight(PUBLIC, "count"),
    "violation_tiers": _sight(HOUSE, "violations amount"),
    "special_candidates": _sight(WARD, "total_cost payment gap"),
    "special_results": _sight(HOUSE),
}
_EVALUATION = {
    "reported_values": _sight(HOUSE),
    "applicants": _sight(AREA),
    "satisfaction_surveys": _sight(HOUSE, "answers satisfied"),
    "survey_answers": _sight(AREA),
    "survey_results": _sight(HOUSE, "answers satisfied"),
    "area_values": _sight(AREA),
    "indicator_figures": _sight(DOCTOR, others="level_value area_value"),
    "risk_classes": _sight(AREA),
    "evaluation_marks": _sight(HOUSE),
    "evaluation_results": _sight(HOUSE),
    "indicator_ranks": _sight(HOUSE),
    "supervision_tiers": _sight(HOUSE),
    "institution_changes": _sight(HOUSE),
    "outcomes": _sight(AREA),
}
_PERFORMANCE = {
    "hospital_departments": _sight(WARD),
    "staff": _sight(WARD, persons="name"),
    "attendance": _sight(OWN),
    "operation_roles": _sight("via:hospital_stays.stay_id"),
    "recovery_plans": _sight("via:hospital_stays.stay_id"),
    "stay_costs": _sight("via:hospital_stays.stay_id", "cost"),
    "group_costs": _sight(OWN),
    "quality_events": _sight(WARD),
    "satisfaction": _sight(WARD, "answers satisfied"),
    "research": _sight(WARD),
    "department_figures": _sight(WARD),
    "department_work": _sight(WARD),
    "distributable_sums": _sight(OWN, "amount"),
    "department_overspends": _sight(WARD, "amount"),
    "performance_targets": _sight(OWN),
    "pilot_feedback": _sight(WARD),
    "in_house_stays": _sight(DOCTOR, "charges"),
    "hospital_stays": _sight(DOCTOR, "points base_points weight payment charges cost balance"),
    "hospital_results": _sight(DOCTOR),
    "group_reviews": _sight(OWN),
    "performance_flows": _sight(OWN),
    "department_marks": _sight(WARD),
    "department_results": _sight(WARD, "n balance base_pool project_pool excess_pool individual_pool prize"),
    "stay_shares": _sight("doctor:staff_id", "amount"),
    "slips": _sight("doctor:staff_id", "earned held paid", persons="name"),
    "slip_lines": _sight("doctor:staff_id", "amount"),
    "performance_findings": _sight(OWN),
    "in_house_estimates": _sight(DOCTOR, "charges expected_payment"),
    "performance_changes": _sight(OWN),
}
_INHOUSE = {
    "published": _sight(PUBLIC),
    "published_terms": _sight(PUBLIC),
    "returned": _sight(OWN, "points total_cost payment balance", persons="record_number"),
    "coding_texts": _sight(OWN, persons="diagnoses operations summary"),
    "stay_estimates": _sight(DOCTOR, "points total_cost personal_paid expected_payment fund_payment gain"),
    "house_stays": _sight(DOCTOR, "points total_cost expected_payment"),
    "estimate_totals": _sight(OWN),
    "reconciliation": _sight(OWN, "amount", persons="record_number"),
    "reconciliation_totals": _sight(OWN, "lines stays objections amount"),
    "coding_suggestions": _sight(OWN, persons="phrase"),
    "coding_gaps": _sight(OWN),
}
_STUDY = {
    "study_findings": _sight(AREA, "n cost"),
    "study_proposals": _sight(AREA),
    "study_parts": _sight(AREA),
    "study_effects": _sight(HOUSE),
    "study_riv": _sight(AREA),
    "study_bases": _sight(AREA),
}
_RESULTS = {
    "findings": _sight("via:grouped.stay_id", persons="value"),
    "stay_scores": _sight(WARD),
    "record_scores": _sight(WARD),
    "coder_quality": _sight(OWN, "n errors"),
    "rule_quality": _sight(OWN, "n"),
    "grouped": Sight(DOCTOR, _PERSON, adds=_COSTS),
    "group_names": _sight(PUBLIC),
    "base_years": _sight(AREA, "n_before cost_before n cost"),
    "base_groups": _sight(PUBLIC),
    "coefficients": _sight(HOUSE, others="level_cost level_expected"),
    "case_points": Sight(DOCTOR, adds=("extra", "points", *_COSTS)),
    "adjustments": _sight("via:case_points.stay_id"),
    "pools": _sight(PUBLIC),
    "institution_months": _sight(HOUSE, "n points cost actual refused due paid deposit"),
    "stay_payments": _sight(WARD, "month_due month_refused year_due year_refused"),
    "statements": _sight(
        HOUSE,
        "n points cost actual refused due balance surplus_returned overspend_reasonable overspend_shared "
        "deposit_held deposit_forfeited second_distribution violations damages assessment_held "
        "assessment_forfeited settled paid_in_months advance_netted debt_netted debt_passed held modes_held passed "
        "moved final_payment",
    ),
    "closings": _sight(
        AREA, "budget reserve distributable risk_draw debts recovered paid returned carried_over passed"
    ),
    "ledger": _sight(HOUSE, "amount"),
    "stay_changes": _sight("via:grouped.stay_id"),
    "base_sums": _sight(HOUSE, "n cost"),
    "corrections": _sight(HOUSE, "points_before points_after personal_before personal_after due_before due_after"),
    "month_cash": _sight(
        HOUSE,
        "due deposit corrections corrections_deposit carried_in advance_netted held released moved paid carried_out "
        "modes_held modes_released",
    ),
    "settled_stays": Sight(
        DOCTOR, _PERSON, adds=("base_points", "extra", "points", *_COSTS, "due", "refused", "actual", "balance")
    ),
}

SIGHTS = _INPUTS | _FUND | _MODES | _OVERSIGHT | _EVALUATION | _PERFORMANCE | _INHOUSE | _STUDY | _RESULTS
"""who may see a table, by its name"""

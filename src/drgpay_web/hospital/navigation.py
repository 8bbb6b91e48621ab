"""Places of this room."""

from drgpay_web.ui.navigation import Place

PLACES = (
    Place("hospital.my_ward", "/department", "ward.see", "boards", 12),
    Place("hospital.my_patients", "/doctor", "doctor.see", "boards", 13),
    Place("hospital.in_house_title", "/in-house", "in_house.see", "data", 12),
    Place("hospital.codes", "/coding", "coding.search", "data", 14),
    Place("hospital.notes", "/cases/of/coding_note", "coding.search", "data", 15),
    Place("hospital.plans", "/cases/of/hospital_plan", "plan.see", "inside", 60),
    Place("hospital.registers", "/plans/registers", "plan.see", "inside", 59),
    Place("hospital.quarters", "/cases/of/hospital_quarter", "quarter.see", "inside", 61),
    Place("hospital.departments", "/cases/of/hospital_department", "quarter.department", "inside", 62),
    Place("hospital.slips", "/slips", "slip.own", "inside", 63),
)

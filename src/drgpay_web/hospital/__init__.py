"""Performance pay inside a hospital: plan, trial, quarter, objections of departments, slips (13 §2.12)."""

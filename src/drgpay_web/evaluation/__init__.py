"""The evaluation of institutions: values with evidence, spot checks, marks, objections, grades (13 §2.11)."""

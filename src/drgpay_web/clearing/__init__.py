"""Runs, candidates, periods, statements, disputes, posting and sealing (13 §2.2, §2.3)."""

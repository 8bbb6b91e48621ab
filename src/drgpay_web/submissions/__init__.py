"""Submissions of stays (清单提交): upload, check, mend, hand in, accept, and into the record as a batch (13 §2.1)."""

"""Suspicions, alerts, the audit sample, treatments and their publication (13 §2.5)."""

"""Reconciliation (对账): what was returned beside the own result, differences asked about and answered (13 §2.9)."""

"""Notices that leave the office: by mail or to a webhook, off unless switched on, chosen by each person (13 §2)."""

"""Announcements, meetings and their follow-ups, and the calendar of a year (13 §2)."""

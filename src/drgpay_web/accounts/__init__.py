"""Accounts: the system administrator opens them, gives and takes roles, resets and locks."""

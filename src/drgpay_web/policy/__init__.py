"""Practices for people: parameters with sources, notices, differences, and what another value would change."""

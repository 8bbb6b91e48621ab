"""Special reviews (特例单议): from a suggested stay to a decision in the register (13 §2.4)."""

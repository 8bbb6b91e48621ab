"""The API of an institution's systems, ``/api/v1``: tokens, grouping, explanations, statements (14 §5)."""

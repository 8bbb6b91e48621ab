"""The registers of an area and of a hospital: pages, forms, imports and history from their declarations (14 §3)."""

"""Pages that belong to no business room: sign-in, identity, work list, glossary, audit, health, boards as files."""

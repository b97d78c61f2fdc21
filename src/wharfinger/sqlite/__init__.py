"""What the stores share that are kept in SQLite."""

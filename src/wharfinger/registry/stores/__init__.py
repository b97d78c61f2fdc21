"""Where a registry keeps blobs (memory, disk) and metadata (memory, SQLite)."""

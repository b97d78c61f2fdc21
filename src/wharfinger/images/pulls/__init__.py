"""Pull-through: what a stream knows and the registry lacks, fetched from where it came."""

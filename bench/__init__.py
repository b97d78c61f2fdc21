"""Side-by-side measurements of Wharfinger and the registry that its users run today."""

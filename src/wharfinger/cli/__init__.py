"""The `wharf` command: each file parses, calls the API or a plan, and prints."""

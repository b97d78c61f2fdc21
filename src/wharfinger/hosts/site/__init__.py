"""The site file: what is said once for all hosts."""

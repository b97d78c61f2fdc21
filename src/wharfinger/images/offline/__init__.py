"""Verdicts on files and dumps, without asking anybody."""

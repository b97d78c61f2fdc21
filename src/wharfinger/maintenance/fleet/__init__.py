"""Maintain many hosts: waves, windows, gates, a journal and the runner."""

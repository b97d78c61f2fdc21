"""Hosts of a site: what they are, what they should be, the changes between, and the proof."""

"""Evacuate one node: what is asked, followed and told, and the runner."""

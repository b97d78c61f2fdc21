"""Evacuate nodes and maintain a fleet: rules and plans (pure), and what carries them out."""

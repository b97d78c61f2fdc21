"""Other registries, as a client sees them: who answers, with which login, and what they have."""

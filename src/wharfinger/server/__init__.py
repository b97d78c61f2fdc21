"""The HTTP edge: settings, wiring, authentication, error bodies, health and metrics."""

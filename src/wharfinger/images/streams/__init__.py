"""Image streams and images as objects, in step with what the registry has."""

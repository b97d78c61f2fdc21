"""Image streams and imports: where objects, our own registry and other registries meet."""

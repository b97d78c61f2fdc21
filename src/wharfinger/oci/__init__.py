"""Pure values of the field: digests, names, media types, manifests, and strict JSON."""

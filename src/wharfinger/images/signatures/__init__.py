"""Signatures of images, as cosign makes them with a key."""

"""The registry: what is pushed, pulled, mounted, listed and deleted, and the contracts of its stores."""

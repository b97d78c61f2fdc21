"""
The edge of a host: its files below a root, its processes, its sockets and its clock.

Everything in `on_host` that touches the host does it through a `Machine`, so tests run it on a tree
and on a fake. Paths are absolute as the host sees them, and are resolved below the root without
following links out of it.
"""

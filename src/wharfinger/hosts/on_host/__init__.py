"""
What runs on a host: reading facts, making changes with their undo, proving the result.

Everything below here imports only the standard library, `wharfinger.errors`, `oci.reference`,
`oci.registry_host` and `policy`, and runs on Python 3.9: `wharf hosts bundle` writes it out as one file
for a host that has nothing else. Planning happens where the full package is.
"""

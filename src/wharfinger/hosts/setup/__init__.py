"""
What docker-storage-setup and container-storage-setup do, for the scripts and images that call them.

The same configuration files, keys, commands, output files and exit codes. What differs on purpose is
in `docs/reference/container-storage-setup.md`: above all that everything is checked before the first
write, and that a failure takes back what was made.
"""

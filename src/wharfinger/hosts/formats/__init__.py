"""
Files of others, read and edited by their lines: comments, order and unknown keys stay.

Each module turns text into a value that prints back as the very same text, and changes only what it
is told to. Input is bounded: size, depth, and no aliases in YAML.
"""

"""
The storage of a container host, where it lies: read, changed step by step, watched.

What is to be done is planned elsewhere (`hosts/storage`) and comes as an order of steps from a closed
list (`steps`). Like all of `on_host` it needs the standard library and Python 3.9 only.
"""

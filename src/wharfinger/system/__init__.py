"""The only code that touches processes, host files, sockets and the clock; each with a fake."""

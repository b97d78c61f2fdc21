"""Importers: what a host, an inventory or a cluster says already, turned into a site file."""

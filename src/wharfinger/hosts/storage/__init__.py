"""Plans for the storage of a host: pure, from what a site says and what a host is to steps in order."""

"""Who set which fields, and server-side apply, which follows from it. Pure."""

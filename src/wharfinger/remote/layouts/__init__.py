"""Images in files, as repositories: OCI layouts, and archives as `docker save` writes them."""

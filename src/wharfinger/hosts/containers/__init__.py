"""
How Podman, CRI-O, Buildah and Skopeo read their files, as values.

They share one library, `containers/image`, and these modules decide as it does, odd corners
included: the compiler needs to know what a file of somebody else means before it adds to it, and
`wharf hosts explain` says what the tools will do. The end-to-end tests hold both against the real
tools.
"""

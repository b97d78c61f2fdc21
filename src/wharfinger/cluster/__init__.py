"""Objects of a Kubernetes-style API: kinds, storage, rights; nothing here speaks HTTP."""

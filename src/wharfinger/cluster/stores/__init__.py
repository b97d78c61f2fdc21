"""Implementations of `cluster.store.Store`; only `server` and `cli` choose one."""

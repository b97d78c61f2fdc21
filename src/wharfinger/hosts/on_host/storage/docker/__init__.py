"""
What Docker keeps, carried and proven: the steps of an order that go through the engine.

The engine is only asked over its API, and what stands in its data root is only read; the one exception
is `digests`, since no API gives an image the digests of its registries. Nothing here removes what an
order did not make itself.
"""

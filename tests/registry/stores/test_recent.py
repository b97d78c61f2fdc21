from wharfinger.registry.stores.recent import Recent


def test_the_least_recently_used_goes_first():
    recent = Recent(32, lambda _: 2)
    for key in range(16):
        recent.remember(key, "x")
    assert recent.get(0) == "x"

    recent.remember(16, "x")

    assert recent.get(0) == "x"
    assert recent.get(1) is None


def test_what_is_too_heavy_is_not_kept():
    recent = Recent(160, len)

    recent.remember("a", "x" * 11)
    recent.remember("b", "x" * 10)

    assert recent.get("a") is None
    assert recent.get("b") == "x" * 10


def test_what_was_forgotten_is_gone_and_weighs_nothing():
    recent = Recent(16, lambda _: 1)
    for key in range(16):
        recent.remember(key, "x")
    for key in range(8):
        recent.forget(key)
    for key in range(20, 28):
        recent.remember(key, "x")

    assert recent.get(0) is None
    assert recent.get(8) == "x"
    recent.clear()
    assert recent.get(8) is None


def test_a_key_holds_its_last_value():
    recent = Recent(16, lambda _: 1)
    recent.remember("a", "old")
    recent.remember("a", "new")

    assert recent.get("a") == "new"

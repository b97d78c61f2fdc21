import pytest

from wharfinger.images.lookup.turns import Busy, Turns


def test_no_namespace_takes_more_than_its_share():
    turns = Turns(10, 2)
    with turns.take("a"), turns.take("a"):
        with pytest.raises(Busy), turns.take("a"):
            pass
        with turns.take("b"):
            pass


def test_all_together_are_bounded_and_room_comes_back():
    turns = Turns(2, 2)
    with turns.take("a"), turns.take("b"), pytest.raises(Busy), turns.take("c"):
        pass
    with turns.take("c"), turns.take("c"):
        pass

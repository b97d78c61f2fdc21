import pytest

from wharfinger.images.lookup.seats import Busy, Seats


def test_no_namespace_takes_more_than_its_share():
    seats = Seats(10, 2)
    with seats.take("a"), seats.take("a"):
        with pytest.raises(Busy), seats.take("a"):
            pass
        with seats.take("b"):
            pass


def test_all_together_are_bounded_and_room_comes_back():
    seats = Seats(2, 2)
    with seats.take("a"), seats.take("b"), pytest.raises(Busy), seats.take("c"):
        pass
    with seats.take("c"), seats.take("c"):
        pass

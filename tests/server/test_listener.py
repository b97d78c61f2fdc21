import socket

import pytest

from wharfinger.server import listener
from wharfinger.server.listener import CannotListen
from wharfinger.server.settings import Listen


def test_port_0_becomes_a_free_port():
    assert listener.claim(Listen("127.0.0.1", 0)).port > 0


def test_an_address_that_somebody_listens_on_is_refused_even_if_they_would_share():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()

        with pytest.raises(CannotListen) as refused:
            listener.claim(Listen("127.0.0.1", other.getsockname()[1]))

    assert "another program listens there" in refused.value.message
    assert "--listen" in refused.value.remedy


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(CannotListen, match="does not have that address"):
        listener.claim(Listen("192.0.2.1", 0))

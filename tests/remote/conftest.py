"""Scripted registries on sockets of their own, and time enough to ask them."""

import ssl
import threading

import pytest
import trustme

from remote_script import Handler, Scripted, Server
from wharfinger.remote.transport import Deadline


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def serve(authority):
    """Start scripted registries; all end with the test."""
    running = []

    def start(*, tls: bool = False) -> Scripted:
        server = Server(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        server.script = Scripted(port=server.server_address[1], tls=tls)
        server.script.authority = authority.cert_pem.bytes()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return server.script

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def deadline() -> Deadline:
    return Deadline.after(20)

"""A registry in a thread that answers every request with 401, over TLS with a given certificate."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from made_certificates import Made

ANSWER = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@contextmanager
def serving(
    folder: Path,
    own: Made,
    *chain: Made,
    clients_of: Made | None = None,
    address: str = "127.0.0.1",
    answer: bytes = ANSWER,
) -> Iterator[int]:
    """Its port. With `clients_of`, a client has to show a certificate of that authority."""
    path = folder / f"{own.certificate.serial_number:x}.pem"
    path.write_bytes(own.key_pem + own.pem + b"".join(one.pem for one in chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(path)
    if clients_of is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients_of.pem.decode())
    with listening(address) as listener:
        thread = threading.Thread(target=_serve, args=(listener, context, answer))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def listening(address: str = "127.0.0.1") -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as listener:
        yield listener


def _serve(listener: socket.socket, context: ssl.SSLContext, answer: bytes) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:  # the test is over
            return
        with plain, suppress(OSError):
            plain.settimeout(5)
            with context.wrap_socket(plain, server_side=True) as channel:
                channel.recv(4096)
                channel.sendall(answer)


def main(folder: Path, *ports: str) -> None:
    """Serve `PORT.pem` of a folder at each port; `PORT.clients.pem` has authorities of clients."""
    for port in ports:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(folder / f"{port}.pem")
        if (clients := folder / f"{port}.clients.pem").exists():
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        listener = socket.create_server(("", int(port)))
        threading.Thread(target=_serve, args=(listener, context, ANSWER)).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

"""An authority, a client certificate and the files that a site names."""

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from wharfinger.hosts.site.file import GivenFile, NoFile


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def contents(authority):
    """What `Files` finds, by path."""
    pem = authority.cert_pem.bytes()
    client = authority.issue_cert("client.test")
    key = client.private_key_pem.bytes()
    return {
        "ca.crt": GivenFile(pem, 0o644),
        "ca.der": GivenFile(load_pem_x509_certificate(pem).public_bytes(Encoding.DER), 0o644),
        "other.crt": GivenFile(trustme.CA().cert_pem.bytes(), 0o644),
        "bundle.crt": GivenFile(b"# ours\n" + pem + b"# theirs\n" + pem, 0o644),
        "both.pem": GivenFile(pem + key, 0o600),
        "cut.crt": GivenFile(pem[:200], 0o644),
        "client.crt": GivenFile(client.cert_chain_pems[0].bytes(), 0o644),
        "client.key": GivenFile(key, 0o600),
        "open.key": GivenFile(key, 0o644),
        "words.txt": GivenFile(b"these are words\n", 0o640),
        "locked.key": GivenFile(
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
        ),
    }


@pytest.fixture
def files(contents):
    def read(path: str) -> GivenFile:
        if path not in contents:
            raise NoFile(path)
        return contents[path]

    return read

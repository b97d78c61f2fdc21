from pathlib import Path

import pytest

from wharfinger.server.settings import BadSettings, Listen
from wharfinger.server.webhook.certificate import Given
from wharfinger.server.webhook.settings import WebhookSettings

POLICY, FILE = Path("policy.yaml"), Path("tls.crt")


def test_without_tls_only_this_host_may_ask():
    WebhookSettings(policy=POLICY, listen=Listen("127.0.0.1", 8443))
    with pytest.raises(BadSettings, match="without TLS"):
        WebhookSettings(policy=POLICY, listen=Listen("0.0.0.0", 8443))


def test_where_clients_need_a_certificate_health_has_a_place_of_its_own():
    given = Given(FILE, FILE, clients=FILE)
    listen = Listen("0.0.0.0", 8443)
    WebhookSettings(policy=POLICY, listen=listen, certificate=given, status=Listen("0.0.0.0", 1))
    with pytest.raises(BadSettings, match="show health"):
        WebhookSettings(policy=POLICY, listen=listen, certificate=given)

import base64
import hashlib
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.routing import Router

from wharfinger.server import console
from wharfinger.server.addresses import Addresses
from wharfinger.server.console import NoAuthority
from wharfinger.server.layout import Layout
from wharfinger.server.settings import Listen

APP = Router(console.ROUTES)


def state(directory: Path, *, tls: bool = True, tls_cert: Path | None = None):
    listen = Listen.parse("127.0.0.1:5000")
    return SimpleNamespace(
        addresses=Addresses(listen, "https" if tls else "http", ("wharf.test",)),
        settings=SimpleNamespace(state=directory, tls=tls, tls_cert=tls_cert),
    )


async def test_page_names_the_host_that_the_visitor_came_by(call, tmp_path):
    answer = await call(
        APP, "GET", "/console/", headers={"host": "wharf.test:5000"}, state=state(tmp_path)
    )

    assert answer.status == 200
    assert "docker login wharf.test:5000" in answer.text
    assert "oc login https://wharf.test:5000 -u USER" in answer.text


async def test_page_never_repeats_a_foreign_host(call, tmp_path):
    answer = await call(
        APP, "GET", "/console/", headers={"host": "evil.test<script>"}, state=state(tmp_path)
    )

    assert "evil" not in answer.text
    assert "docker login 127.0.0.1:5000" in answer.text


async def test_policy_lets_in_the_style_of_the_page_and_nothing_else(call, tmp_path):
    answer = await call(APP, "GET", "/console/", state=state(tmp_path))

    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL).group(1)
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{hashed}'" in policy
    assert policy.startswith("default-src 'none'")


async def test_authority_is_there_for_other_machines(call, tmp_path):
    Layout(tmp_path).authority_certificate.write_bytes(b"the certificate")

    answer = await call(APP, "GET", "/console/ca.crt", state=state(tmp_path))

    assert answer.body == b"the certificate"


async def test_no_authority_is_offered_with_a_certificate_of_somebody_else(call, tmp_path):
    elsewhere = state(tmp_path, tls_cert=tmp_path / "theirs.crt")

    page = await call(APP, "GET", "/console/", state=elsewhere)

    assert "ca.crt" not in page.text
    with pytest.raises(NoAuthority):
        await call(APP, "GET", "/console/ca.crt", state=elsewhere)


@pytest.mark.parametrize("path", ["/", "/console"])
async def test_shorter_paths_lead_to_the_page(call, tmp_path, path):
    answer = await call(APP, "GET", path, state=state(tmp_path))

    assert (answer.status, answer.headers["location"]) == (307, "console/")

"""
The page that a browser finds here: what this server is, and what to type first.

It shows nothing that needs a right: the commands carry the name that the visitor came by, if it
is one of ours, and the authority's certificate is what other machines are told to trust. It works
without scripts and takes nothing from elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wharfinger import __version__
from wharfinger.errors import NotFound
from wharfinger.server.layout import Layout
from wharfinger.server.state import Services

_STYLE: Final = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.125rem; margin-top: 2rem; }
pre { padding: 0.75rem 1rem; overflow-x: auto; border: 1px solid GrayText; border-radius: 0.25rem; }
footer { margin-top: 3rem; color: GrayText; }
"""

_PAGE: Final = Template(f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wharfinger at $host</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Wharfinger at $host</h1>
<p>A container registry with projects, service accounts and roles.</p>
<h2>Log in</h2>
<p>The password is a token of a service account, whatever the user name, or that of a user.</p>
<pre tabindex="0">docker login $host
podman login $host</pre>
<h2>Push and pull</h2>
<p>The first part of a name is the project.</p>
<pre tabindex="0">docker tag IMAGE $host/PROJECT/IMAGE:TAG
docker push $host/PROJECT/IMAGE:TAG
docker pull $host/PROJECT/IMAGE:TAG</pre>
$trust<h2>Administer</h2>
<p>With <code>kubectl</code>, with <code>oc</code>, or with <code>wharf</code>:</p>
<pre tabindex="0">oc login $base -u USER</pre>
<pre tabindex="0">wharf login $base
wharf project create PROJECT
wharf token create builder -n PROJECT</pre>
</main>
<footer>Wharfinger $version · <a href="../readyz?verbose">is it ready?</a></footer>
</body>
</html>
""")

_TRUST: Final = Template("""<h2>Trust it from another machine</h2>
<p>This server has its certificate from <a href="ca.crt">an authority of its own</a>.
Docker, Podman and Skopeo take that file as:</p>
<pre tabindex="0">/etc/docker/certs.d/$host/ca.crt
/etc/containers/certs.d/$host/ca.crt</pre>
""")

_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'",
    "referrer-policy": "no-referrer",
}


class NoAuthority(NotFound):
    code = "no-authority"

    def __init__(self) -> None:
        super().__init__(
            "cannot show an authority: this server has none of its own",
            remedy="ask its administrator who signed its certificate",
        )


async def welcome(request: Request) -> Response:
    services: Services = request.app.state
    base = services.addresses.base_for(request.headers.get("host"))
    values = {"base": escape(base), "host": escape(urlsplit(base).netloc), "version": __version__}
    values["trust"] = "" if authority(services) is None else _TRUST.substitute(values)
    return Response(_PAGE.substitute(values), headers=_HEADERS, media_type="text/html")


async def authority_certificate(request: Request) -> Response:
    path = authority(request.app.state)
    if path is None:
        raise NoAuthority
    return Response(path.read_bytes(), media_type="application/x-x509-ca-cert")


async def to_console(_: Request) -> Response:
    return RedirectResponse("console/", 307)


def authority(services: Services) -> Path | None:
    """The certificate of our own authority, where that is what clients have to trust."""
    settings = services.settings
    if not settings.tls or settings.tls_cert is not None:
        return None
    return Layout(settings.state).authority_certificate


ROUTES: Final = (
    Route("/", to_console),
    Route("/console", to_console),
    Route("/console/", welcome),
    Route("/console/ca.crt", authority_certificate),
)

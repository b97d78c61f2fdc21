"""`wharf create`: what we make, in the words of `oc create` and `kubectl create`."""

from __future__ import annotations

from cyclopts import App

from wharfinger.cli import secret, service_account, token

app = App(name="create", help="The words of `oc create` for what we make.", show=False)
_secret = App(name="secret", help="Make secrets.")
app.command(_secret)

_secret.command(secret.docker_registry, name="docker-registry")
app.command(service_account.create, name=["serviceaccount", "sa"])
app.command(token.create, name="token")

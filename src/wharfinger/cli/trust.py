"""
`wharf trust`: whom hosts trust to vouch for a registry.

`add`, `remove` and `retire` edit the site file; the others look at this host, or with `--root` at a
directory tree.
"""

from __future__ import annotations

from cyclopts import App

from wharfinger.cli import trust_host, trust_kept, trust_statement

app = App(name="trust", help="Say whom hosts trust, look at it, prove it, back it up.")

app.command(trust_statement.add)
app.command(trust_statement.remove)
app.command(trust_statement.retire)
app.command(trust_host.list_, name="list")
app.command(trust_host.check)
app.command(trust_kept.backup)
app.command(trust_kept.contents)
app.command(trust_kept.restore)

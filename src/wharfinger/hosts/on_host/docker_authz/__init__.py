"""
The authorization plugin for Docker: allow and block lists on an engine that has none.

    call.py, target.py, body.py   what the daemon tells of a request, read as the daemon reads it
    asks.py                       what the request is about
    decision.py                   whether that is allowed, and by which rule
    policy_file.py, ticket.py     what is on the host: the compiled policy, tickets of `docker-load`
    archive.py, load.py           `wharf docker-load`: what the plugin cannot see is read before
    service.py, gate.py, life.py  the sockets: the plugin, the gate for builds, start and end
    units.py, addresses.py        the systemd units, and where they listen

Part of what is shipped to hosts: standard library only, Python 3.9.
"""

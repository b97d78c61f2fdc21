"""
Names made to deceive a list of registries, held against several lists.

A row is a name, then how it fares when it is asked for securely, insecurely, and with either: `+`
allowed, `-` refused; `x` stands for a name that cannot be read and is never asked for.
"""

import pytest

from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.policy import import_list
from wharfinger.policy.import_list import Transport

DIGEST = "sha256:" + "ab" * 32

USUAL = (
    "docker.io",
    "*.docker.io",
    "*.redhat.com",
    "gcr.io",
    "quay.io",
    "*.amazonaws.com",
    "registry.corp.test:5000",
)
"""What installers of OpenShift write, and one registry of the house."""

USUAL_ROWS = f"""
alpine                                                  + - +
alpine:3.20                                             + - +
alpine@{DIGEST}                                         + - +
alpine:3@{DIGEST}                                       + - +
library/alpine                                          + - +
team/app                                                + - +
docker.io/alpine                                        + - +
docker.io/library/alpine                                + - +
docker.io/library/alpine:3@{DIGEST}                     + - +
index.docker.io/library/alpine                          + - +
registry-1.docker.io/library/alpine                     + - +
docker.io:443/library/alpine                            + + +
docker.io:80/library/alpine                             - - -
docker.io:5000/library/alpine                           - - -
index.docker.io:443/library/alpine                      + + +
index.docker.io:80/library/alpine                       - - -
auth.docker.io/library/alpine                           + - +
a.b.docker.io/x                                         + - +
a.b.docker.io:443/x                                     + + +
a.b.docker.io:80/x                                      - - -
evil-docker.io/library/alpine                           - - -
evildocker.io/library/alpine                            - - -
docker.io.evil.test/library/alpine                      - - -
docker.io.evil.test:443/library/alpine                  - - -
docker.iox/library/alpine                               - - -
xdocker.io/library/alpine                               - - -
docker-io/library/alpine                                + - +
docker/io/library/alpine                                + - +
quay.io/team/app                                        + - +
quay.io/team/app:1                                      + - +
quay.io/team/app@{DIGEST}                               + - +
quay.io/team/app:1@{DIGEST}                             + - +
quay.io/a/b/c/d                                         + - +
quay.io/app                                             + - +
quay.io:443/team/app                                    + + +
quay.io:0443/team/app                                   - - -
quay.io:00443/team/app                                  - - -
quay.io:80/team/app                                     - - -
quay.io:4430/team/app                                   - - -
quay.io:44/team/app                                     - - -
quay.io:5000/team/app                                   - - -
sub.quay.io/team/app                                    - - -
quay.io.evil.test/team/app                              - - -
quay.io-evil.test/team/app                              - - -
evil.test/quay.io/app                                   - - -
evil.test:443/quay.io/app                               - - -
QUAY.IO/team/app                                        - - -
Quay.io/team/app                                        - - -
quay.IO/team/app                                        - - -
quay/team/app                                           + - +
quay/io                                                 + - +
gcr.io/team/app                                         + - +
us.gcr.io/team/app                                      - - -
gcr.io.evil.test/team/app                               - - -
xn--quay-hra.io/team/app                                - - -
registry.redhat.com/rhel                                + - +
registry.access.redhat.com/rhel                         + - +
registry.access.redhat.com:443/rhel                     + + +
registry.access.redhat.com:80/rhel                      - - -
redhat.com/rhel                                         - - -
evilredhat.com/rhel                                     - - -
evil-redhat.com/rhel                                    - - -
registry.redhat.com.evil.test/rhel                      - - -
registry.redhat.com-evil.test/rhel                      - - -
registry.redhat.io/rhel                                 - - -
1.dkr.ecr.eu.amazonaws.com/app                          + - +
amazonaws.com/app                                       - - -
amazonaws.com.evil.test/app                             - - -
registry.corp.test:5000/team/app                        + + +
registry.corp.test:5000/team/app:1                      + + +
registry.corp.test:5000/team/app@{DIGEST}               + + +
registry.corp.test/team/app                             - - -
registry.corp.test:443/team/app                         - - -
registry.corp.test:50000/team/app                       - - -
registry.corp.test:500/team/app                         - - -
registry.corp.test:05000/team/app                       - - -
a.registry.corp.test:5000/team/app                      - - -
localhost/app                                           - - -
localhost:5000/app                                      - - -
127.0.0.1/app                                           - - -
127.0.0.1:443/app                                       - - -
169.254.169.254/latest                                  - - -
0.0.0.0/app                                             - - -
2130706433/app                                          + - +
[::1]/app                                               - - -
[::1]:443/app                                           - - -
[::1]:5000/app                                          - - -
[::ffff:127.0.0.1]/app                                  x x x
[fe80::1%25eth0]/app                                    x x x
evil.test/docker.io/library/alpine                      - - -
evil.test/library/alpine                                - - -
evil.test:5000/library/alpine                           - - -
user@quay.io/team/app                                   x x x
user:secret@quay.io/team/app                            x x x
quay.io@evil.test/team/app                              x x x
quay.io:443@evil.test/team/app                          x x x
quay.io:/team/app                                       x x x
quay.io:x/team/app                                      x x x
quay.io:-1/team/app                                     x x x
quay.io./team/app                                       x x x
.quay.io/team/app                                       x x x
quay..io/team/app                                       x x x
-quay.io/team/app                                       x x x
quay.io-/team/app                                       x x x
quay.io//team/app                                       x x x
quay.io/team//app                                       x x x
quay.io/team/app/                                       x x x
/quay.io/team/app                                       x x x
//quay.io/team/app                                      x x x
https://quay.io/team/app                                x x x
docker://quay.io/team/app                               x x x
http://evil.test/quay.io/app                            x x x
quay.io/../evil.test/app                                x x x
quay.io/team/../app                                     x x x
quay.io/./team/app                                      x x x
quay.io/team/app?x=evil.test                            x x x
quay.io/team/app#evil.test                              x x x
quay.io%2fteam/app                                      x x x
quay.io%00.evil.test/app                                x x x
quay.io\\@evil.test/app                                 x x x
quay.io\\evil.test/app                                  x x x
*.docker.io/app                                         x x x
*/app                                                   x x x
?uay.io/app                                             x x x
quay.io,evil.test/app                                   x x x
quay_io/team/app                                        + - +
quay.io_evil.test/app                                   - - -
quáy.io/team/app                                        x x x
qu\u0430y.io/team/app                                   x x x
quay\u3002io/team/app                                   x x x
quay\u200b.io/team/app                                  x x x
quay.io\u2044team/app                                   x x x
ｑuay.io/team/app                                        x x x
quay.io/team/APP                                        x x x
quay.io/Team/app                                        x x x
quay.io/team/app:{"t" * 128}                            + - +
quay.io/team/app:{"t" * 129}                            x x x
quay.io/team/app@sha256:abc                             x x x
quay.io/team/app@md5:{"a" * 32}                         x x x
quay.io/team/app@{DIGEST}@{DIGEST}                      x x x
quay.io/team/app:1:2                                    x x x
quay.io/{"a" * 246}                                     + - +
quay.io/{"a" * 248}                                     x x x
{"a." * 130}test/app                                    x x x
alpine:                                                 x x x
docker.io                                               + - +
quay.io                                                 + - +
evil.test                                               - - -
oci:quay.io/team/app                                    x x x
dir:/etc                                                x x x
quay.io/team/app:.hidden                                x x x
quay.io/team/app:-                                      x x x
quay.io/team__app/x_y                                   + - +
quay.io/team___app                                      x x x
:443/app                                                x x x
@{DIGEST}                                               x x x
"""

INSECURE = ("plain.corp.test", "both.corp.test", "*.lab.test")
"""Lines with `insecure: true`; beside them `both.corp.test` stands securely."""

INSECURE_ROWS = """
plain.corp.test/app                                     - + +
plain.corp.test:80/app                                  + + +
plain.corp.test:443/app                                 - - -
plain.corp.test:8080/app                                - - -
both.corp.test/app                                      + + +
both.corp.test:80/app                                   + + +
both.corp.test:443/app                                  + + +
both.corp.test:5000/app                                 - - -
a.lab.test/app                                          - + +
a.b.lab.test/app                                        - + +
lab.test/app                                            - - -
a.lab.test:80/app                                       + + +
a.lab.test:443/app                                      - - -
evil-lab.test/app                                       - - -
plain.corp.test.evil.test/app                           - - -
alpine                                                  - - -
docker.io/library/alpine                                - - -
"""

GLOBS = ("hub.test:*", "?.one.test", "*two.test:5???", "*.three.test:80", "four.test/team")
GLOB_ROWS = """
hub.test/app                                            + + +
hub.test:1/app                                          + + +
hub.test:65535/app                                      + + +
xhub.test/app                                           - - -
a.one.test/app                                          + - +
ab.one.test/app                                         - - -
.one.test/app                                           x x x
one.test/app                                            - - -
a.one.test:443/app                                      + + +
two.test:5000/app                                       + + +
evil-two.test:5000/app                                  + + +
two.test:500/app                                        - - -
two.test:50000/app                                      - - -
two.test/app                                            - - -
a.three.test/app                                        - + +
a.three.test:80/app                                     + + +
a.three.test:443/app                                    - - -
four.test/team/app                                      - - -
four.test/app                                           - - -
"""

HUB_V2 = ("registry-1.docker.io",)
HUB_V2_ROWS = """
alpine                                                  - - -
docker.io/alpine                                        + - -
index.docker.io/alpine                                  + - -
registry-1.docker.io/alpine                             + - +
registry-1.docker.io:443/alpine                         + + +
quay.io/alpine                                          - - -
"""

ANY = ("*",)
ANY_ROWS = """
alpine                                                  + - +
evil.test/app                                           + - +
evil.test:443/app                                       + + +
evil.test:80/app                                        - - -
[::1]:443/app                                           + + +
169.254.169.254/app                                     + - +
"""

NONE_ROWS = """
alpine                                                  - - -
quay.io/app                                             - - -
localhost:5000/app                                      - - -
"""


def lines(secure, insecure=()):
    marked = [{"domainName": name, "insecure": False} for name in secure]
    return import_list.read([*marked, *({"domainName": n, "insecure": True} for n in insecure)])


TABLES = [
    (lines(USUAL), USUAL_ROWS),
    (lines(["both.corp.test"], INSECURE), INSECURE_ROWS),
    (lines(GLOBS), GLOB_ROWS),
    (lines(HUB_V2), HUB_V2_ROWS),
    (lines(ANY), ANY_ROWS),
    (lines([]), NONE_ROWS),
]
ROWS = [
    pytest.param(allowed, *row.rsplit(maxsplit=3), id=f"{number}-{row.split()[0][:40]}")
    for number, (allowed, rows) in enumerate(TABLES)
    for row in rows.strip().split("\n")
]


def test_the_table_is_as_long_as_was_promised():
    assert len(ROWS) >= 200


@pytest.mark.parametrize(("allowed", "name", "secure", "insecure", "either"), ROWS)
def test_a_name_fares_as_the_table_says(allowed, name, secure, insecure, either):
    expected = (secure, insecure, either)
    try:
        reference = ImageReference.parse(name)
    except InvalidReference:
        assert expected == ("x", "x", "x")
        return
    refusals = [allowed.allowed(reference, one) for one in Transport]
    assert tuple("+" if one is None else "-" for one in refusals) == expected
    for refusal in filter(None, refusals):
        assert refusal.text.startswith('registry "')
        assert "allowedRegistriesForImport" in refusal.reason
        assert refusal.remedy

import pytest

from wharfinger.cli.exit_codes import ExitCode

BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/team/rolebindings"
CLUSTER_ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
USER = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User"}
GROUP = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group"}


@pytest.fixture(autouse=True)
def roles(server, kubeconfig):
    for role in ("edit", "registry-viewer"):
        server.add(f"{CLUSTER_ROLES}/{role}")


def subjects(server, name: str) -> list[dict]:
    return server.objects[f"{BINDINGS}/{name}"]["subjects"]


def test_grant_binds_the_role_to_everyone_named(wharf, server):
    server.add("/api/v1/namespaces/team/serviceaccounts/builder")

    result = wharf(
        "grant", "edit", "--user", "bob", "--user", "carol", "--group", "devs", "-z", "builder"
    )  # fmt: skip

    assert (result.code, result.err) == (ExitCode.OK, "")
    assert result.out == (
        'clusterrole.rbac.authorization.k8s.io/edit added: ["bob" "carol" "devs" "builder"]\n'
    )
    assert subjects(server, "edit") == [
        USER | {"name": "bob"},
        USER | {"name": "carol"},
        GROUP | {"name": "devs"},
        {"kind": "ServiceAccount", "name": "builder", "namespace": "team"},
    ]
    assert server.objects[f"{BINDINGS}/edit"]["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit",
    }  # fmt: skip


def test_a_second_grant_makes_a_second_binding_and_a_repeated_one_nothing(wharf, server):
    for user in ("bob", "carol", "dave", "carol"):
        assert wharf("grant", "edit", "--user", user).code == ExitCode.OK

    assert [path.removeprefix(BINDINGS) for path in server.objects if path.startswith(BINDINGS)] == [
        "/edit", "/edit-0", "/edit-1",
    ]  # fmt: skip


def test_a_named_binding_is_extended(wharf, server):
    for user in ("bob", "carol"):
        wharf("grant", "edit", "--user", user, "--rolebinding-name", "mine")

    assert subjects(server, "mine") == [USER | {"name": "bob"}, USER | {"name": "carol"}]


def test_everybody_can_be_meant(wharf, server):
    wharf("grant", "registry-viewer", "--anonymous", "--authenticated")

    assert subjects(server, "registry-viewer") == [
        GROUP | {"name": "system:unauthenticated"},
        GROUP | {"name": "system:authenticated"},
    ]


def test_revoke_takes_the_role_from_every_binding_of_it(wharf, server):
    wharf("grant", "edit", "--user", "bob", "--user", "carol")
    wharf("grant", "edit", "--user", "bob", "--rolebinding-name", "mine")

    result = wharf("revoke", "edit", "--user", "bob")

    assert result.out == 'clusterrole.rbac.authorization.k8s.io/edit removed: "bob"\n'
    assert subjects(server, "edit") == [USER | {"name": "carol"}]
    assert f"{BINDINGS}/mine" not in server.objects


def test_revoke_of_what_nobody_has_is_an_error(wharf, server):
    assert wharf("revoke", "edit", "--user", "bob").code == ExitCode.ERROR
    assert server.writes() == []


def test_what_does_not_exist_is_a_warning(wharf):
    result = wharf("grant", "nonsense", "-z", "nobody")

    assert result.code == ExitCode.OK
    assert result.err == (
        "Warning: role 'nonsense' not found\nWarning: ServiceAccount 'nobody' not found\n"
    )


def test_a_role_that_one_may_not_look_at_is_no_warning(wharf, server):
    server.forbidden.add(f"{CLUSTER_ROLES}/hidden")

    assert wharf("grant", "hidden", "--user", "bob").err == ""


def test_a_role_of_the_project_itself(wharf, server):
    server.add("/apis/rbac.authorization.k8s.io/v1/namespaces/team/roles/own")

    result = wharf("grant", "own", "--user", "bob", "--role-namespace", "team")

    assert (result.out, result.err) == ('role.rbac.authorization.k8s.io/own added: "bob"\n', "")
    assert server.objects[f"{BINDINGS}/own"]["roleRef"]["kind"] == "Role"


def test_a_service_account_of_another_project_is_a_user_name(wharf, server):
    wharf("grant", "edit", "--user", "system:serviceaccount:other:builder")

    assert subjects(server, "edit") == [
        {"kind": "ServiceAccount", "name": "builder", "namespace": "other"}
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["grant", "edit"],
        ["grant"],
        ["grant", "edit", "-z", "system:serviceaccount:other:builder"],
        ["grant", "own", "--user", "bob", "--role-namespace", "other"],
        ["grant", "own", "--user", "bob", "--role-namespace", "team", "--cluster"],
    ],
)
def test_a_command_line_without_sense_changes_nothing(wharf, server, arguments):
    assert wharf(*arguments).code == ExitCode.USAGE
    assert server.writes() == []


def test_a_role_can_count_everywhere(wharf, server):
    wharf("grant", "edit", "--user", "bob", "--cluster")

    made = server.objects["/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/edit"]
    assert made["kind"] == "ClusterRoleBinding"


@pytest.mark.parametrize("prefix", [["policy"], ["adm", "policy"]])
def test_the_words_of_oc_do_the_same(wharf, server, prefix):
    assert wharf(*prefix, "add-role-to-user", "edit", "bob", "carol").code == ExitCode.OK
    assert subjects(server, "edit") == [USER | {"name": "bob"}, USER | {"name": "carol"}]
    assert wharf(*prefix, "remove-role-from-user", "edit", "bob", "carol").code == ExitCode.OK
    assert wharf(*prefix, "add-role-to-group", "edit", "devs").code == ExitCode.OK
    assert subjects(server, "edit") == [GROUP | {"name": "devs"}]
    assert wharf(*prefix, "remove-role-from-group", "edit", "devs").code == ExitCode.OK
    assert not any(path.startswith(BINDINGS) for path in server.objects)


def test_oc_adm_gives_cluster_roles(wharf, server):
    wharf("adm", "policy", "add-cluster-role-to-user", "edit", "-z", "builder")
    [path] = [path for path in server.objects if "clusterrolebindings" in path]
    assert server.objects[path]["subjects"][0]["namespace"] == "team"

    wharf("adm", "policy", "remove-cluster-role-from-user", "edit", "-z", "builder")
    assert path not in server.objects


def test_a_binding_that_changed_in_between_is_a_conflict(wharf, server):
    wharf("grant", "edit", "--user", "bob", "--rolebinding-name", "mine")
    server.replies[f"{BINDINGS}/mine"] = (409, {}, b'{"reason": "Conflict", "message": "modified"}')

    result = wharf("grant", "edit", "--user", "carol", "--rolebinding-name", "mine")

    assert result.code == ExitCode.ERROR
    assert (
        result.err
        == "Error from server (Conflict): modified\nhint: it changed in between: try again\n"
    )

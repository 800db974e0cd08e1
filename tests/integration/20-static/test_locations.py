# SPDX-License-Identifier: BSD-2-Clause
"""Which location serves a path: exact, "^~", pattern, prefix; nested; and its alias."""
import pytest

import muster

# The location that served a request says so itself.
NAMES = {
    "= /exact": "exact", "/": "all", "/app": "app", "^~ /static": "static",
    "/static/open": "open", "~ \\.php$": "php", "~* \\.PHP5?$": "php5",
}
NESTED = """
location "/deep" {
    header "X-Location" { value = "deep" }
    location "/deep/in" {
        header "X-Location" { value = "in" }
        location "~ x$" { header "X-Location" { value = "in-x" } }
        location "= /deep/in/exact" { header "X-Location" { value = "in-exact" } }
    }
    location "~ \\\\.txt$" { header "X-Location" { value = "deep-txt" } }
}
"""


@pytest.fixture(scope="module")
def server(module_serve, tmp_path_factory):
    images = tmp_path_factory.mktemp("alias") / "images"
    muster.write_files(images, {"cats/tom.png": "tom", ".hidden/x.png": "hidden",
                                "cats/.secret.png": "secret"})
    locations = "".join(
        f'location {muster.quoted(title)} {{ header "X-Location" {{ value = "{name}" }} }}\n'
        for title, name in NAMES.items())
    return module_serve({}, more=f'''host "*" {{
        {locations} {NESTED}
        location "~ ^/img/([a-z.]*)-(.*)$" {{ alias = "{images}/$1/$2.png" }}
    }}''')


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


@pytest.mark.parametrize("target, name", [
    ("/x", "all"), ("/exact", "exact"), ("/exact/", "all"), ("/%65xact", "exact"),
    ("/app", "app"), ("/app/x", "app"), ("/apples", "all"), ("/app/../exact", "exact"),
    ("/app/a.php", "php"), ("/a.PHP", "php5"), ("/a.php5", "php5"), ("/a.php?x", "php"),
    ("/x?a.php", "all"), ("/static/a.php", "static"), ("/static/open/a.php", "php"),
    ("/static/open/a", "open"), ("/a.php%0a", "all"), ("/a.php/", "all"),
    ("/deep", "deep"), ("/deep/a", "deep"), ("/deep/in/a", "in"), ("/deep/in/x", "in-x"),
    ("/deep/in/exact", "in-exact"), ("/deep/in/a.txt", "deep-txt"), ("/deep/a.php", "php"),
])
def test_order(client, target, name):
    """None of these files is there; the fields are those of the location all the same."""
    response = client.request(target=target)
    assert (response.status, response["X-Location"]) == (404, name)


@pytest.mark.parametrize("target, status, body", [
    ("/img/cats-tom", 200, b"tom"), ("/img/cats-none", 404, None),
    ("/img/..-tom", 404, None), ("/img/cats-../cats/tom", 404, None),
    ("/img/cats-.secret", 403, None), ("/img/.hidden-x", 403, None),
])
def test_alias_with_captures(client, target, status, body):
    response = client.request(target=target)
    assert response.status == status
    if body is not None:
        assert response.body == body


def test_an_exact_location_gives_no_other_address_away(serve, tmp_path):
    """But what is below its own alias has no other address."""
    muster.write_files(tmp_path / "folder", {"index.html": "there"})
    server = serve({"dir/index.html": "index", "page.html": "page"}, more=f'''host "*" {{
        location "= /dir/" {{}}
        location "= /dir/index.html" {{ deny = {{ "all" }} }}
        location "= /page" {{ try_files = {{ "$uri.html", "=404" }} }}
        location "= /page.html" {{ deny = {{ "all" }} }}
        location "= /alias" {{ alias = "{tmp_path}/folder/" }}
        location "= /alias/index.html" {{ deny = {{ "all" }} }}
    }}''')
    for target in ("/dir/", "/dir/index.html", "/page", "/page.html"):
        assert server.get(target).status == 403, target
    assert server.get("/alias").body == b"there"


def test_a_costly_pattern_ends_and_is_told(serve):
    server = serve({"index.html": "start"}, more='''host "*" {
        location "~ ^/slow/(a+)+[bc]" {}
    }''')
    assert server.get("/slow/aab").status == 404
    assert server.get("/slow/" + "a" * 1000).status == 500
    server.wait_for_log(r'location "~ \^/slow/\(a\+\)\+\[bc\]": the pattern takes too long')
    assert server.get().body == b"start"

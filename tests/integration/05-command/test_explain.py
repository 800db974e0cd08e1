# SPDX-License-Identifier: BSD-2-Clause
"""musterd -t -u URL: which location serves a URL, and why."""
import pytest

import muster

MORE = r"""host "example.org" {
    aliases = { "www.example.org" }
    redirect "/blog" { to = "/articles" }
    location "/" {}
    location "/app" { try_files = { "$uri", "/app/index.html" } location "~ \\.css$" {} }
}
"""


@pytest.fixture
def explain(make_server):
    server = make_server(listen=["127.0.0.1:8080"], more=MORE)

    def run(*arguments):
        result = muster.run_musterd(*arguments, "-c", server.config_path)
        result.stdout = result.stdout.replace(str(server.config_path), "FILE")
        result.site = server.site
        return result

    return run


def test_every_step_is_told(explain):
    result = explain("-t", "-u", "http://www.example.org:8080/app/a.css")
    assert result.returncode == 0, result.stderr
    lines = " ".join(result.stdout.split())
    for step in ('listen 127.0.0.1:8080 (FILE:', 'host "example.org", by its alias "www.',
                 'location "/" fits, but is shorter (FILE:',
                 '"/app" is taken: the longest prefix, and no pattern fits (FILE:',
                 'within "~ \\.css$" is taken: the first pattern that fits (FILE:',
                 f'file {result.site}/app/a.css', 'try_files $uri /app/index.html'):
        assert step in lines, result.stdout


def test_a_redirect_is_told(explain):
    result = explain("-t", "-u", "/blog/x?y")
    assert result.returncode == 0
    assert '"/blog" answers 301, /articles/x?y' in result.stdout


@pytest.mark.parametrize("url", ["example.org", "http://", "ftp://example.org/", "/../x"])
def test_a_wrong_url_is_told(explain, url):
    result = explain("-t", "-u", url)
    assert result.returncode == 1 and result.stdout == ""
    assert f'-u is "{url}", expected "http://host/path"' in result.stderr


def test_a_url_needs_a_test(explain):
    assert explain("-u", "/").returncode == 2

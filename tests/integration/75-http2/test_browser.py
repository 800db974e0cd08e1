# SPDX-License-Identifier: BSD-2-Clause
"""A real browser and a page of a hundred images over TLS. An image that does not come, a second
connection, or HTTP/1.1 break it."""
import subprocess

import pytest

import certificates

COUNT = 100
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="3"><!-- {} --></svg>\n'
SCRIPT = """
addEventListener("load", () => {
    const all = [...document.images], good = all.filter(i => i.complete && i.naturalWidth === 3)
    document.title = `${good.length} of ${all.length}`
})
"""
PAGE = "<!doctype html><link rel=icon href='data:,'><title>-</title>" \
    f"<script>{SCRIPT}</script>" + "".join(f'<img src="/i/{i}.svg">' for i in range(COUNT))
# One that is more than all windows, and more than a socket holds, among the small ones.
SIZES = {i: 2_000_000 if i == 50 else 200 * i for i in range(COUNT)}


@pytest.mark.needs("chromium")
def test_page_of_images(serve, tmp_path):
    pair = certificates.Authority(tmp_path).issue("127.0.0.1")
    server = serve({"index.html": PAGE,
                    **{f"i/{i}.svg": SVG.format("x" * size) for i, size in SIZES.items()}},
                   listen=[("127.0.0.1:0", {"tls": True})],
                   settings={"certificate": pair.chain, "certificate_key": pair.key},
                   log={"format": '%>s %H %P %X %U'})
    result = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--disable-background-networking", "--no-proxy-server", "--no-first-run",
         f"--user-data-dir={tmp_path}/profile", "--ignore-certificate-errors", "--dump-dom",
         f"https://127.0.0.1:{server.port}/"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True, timeout=120)
    assert f"<title>{COUNT} of {COUNT}</title>" in result.stdout, result.stderr
    server.wait_for_access(COUNT + 1)
    lines = [line.split() for line in server.access().splitlines()]
    assert all(line[:2] == ["200", "HTTP/2.0"] and line[3] == "+" for line in lines), lines
    assert len({line[2] for line in lines}) == 1, "there was more than one connection"
    assert sorted(line[4] for line in lines) == \
        sorted(["/", *(f"/i/{i}.svg" for i in range(COUNT))])

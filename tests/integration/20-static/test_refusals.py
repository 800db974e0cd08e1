# SPDX-License-Identifier: BSD-2-Clause
"""What must not be served: names with a dot, links out of the root, ways up, special files."""
import os
import socket
import stat

import pytest

import muster

SECRET = b"the secret outside of the root\n"
SITE = {
    "index.html": "start\n", "a.txt": "inside\n", "sub/b.txt": "below\n", "sub/index.html": "sub\n",
    ".htaccess": "hidden\n", ".git/config": "hidden\n", "sub/.env": "hidden\n",
    ".well-known/security.txt": "well known\n", ".well-known/.secret": "hidden\n",
    "..dots": "hidden\n", "sub/...": "hidden\n", "a..b": "plain\n", "dir./c.txt": "plain\n",
}


@pytest.fixture(scope="module")
def server(module_serve):
    server = module_serve(SITE, more='host "*" { location "/open/" { follow_symlinks = true }\n'
                                     'location "/dots/" { dot_files = true } }')
    site = server.site
    muster.write_files(server.folder, {"secret.txt": SECRET, "outside/index.html": SECRET,
                                       "site-other/secret.txt": SECRET})
    muster.write_files(site, {"dots/.a": "shown\n", "open/x": "x\n"})
    links = {
        "inside": "a.txt", "inside-up": "sub/../a.txt", "sub/up": "../a.txt", "dir-in": "sub",
        "chain": "inside", "out": "../secret.txt", "out-abs": str(server.folder / "secret.txt"),
        "dir-out": "../outside", "chain-out": "out", "in-abs": str(site / "a.txt"),
        "loop": "loop", "loop1": "loop2", "loop2": "loop1", "dangling": "nothing",
        "dangling-out": "../nothing", "to-hidden": ".htaccess", "magic": "/proc/self/environ",
        "open/out": "../../secret.txt", "open/dir-out": "../../outside", "open/in": "../a.txt",
        "open/loop": "loop", "index-out/": None,
    }
    for name, target in links.items():
        if target is None:
            (site / name).mkdir()
        else:
            os.symlink(target, site / name)
    os.symlink("../../secret.txt", site / "index-out" / "index.html")
    return server


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


@pytest.mark.parametrize("target, status", [
    ("/.htaccess", 403), ("/.git/config", 403), ("/.git/", 403), ("/.git", 403),
    ("/sub/.env", 403), ("/%2ehtaccess", 403), ("/sub/..%2eenv", 403), ("/sub/.%65nv", 403),
    ("/..dots", 403), ("/sub/...", 403), ("/.none", 403), ("/x/.none/y", 403), ("/.../a", 403),
    ("/.well-known/security.txt", 200), ("/.well-known/.secret", 403), ("/.well-known", 301),
    ("/.well-known-not/x", 403), ("/sub/.well-known/x", 403), ("/.well-known/../.htaccess", 403),
    ("/a..b", 200), ("/dir./c.txt", 200), ("/./a.txt", 200), ("/sub/./b.txt", 200),
    ("/dots/.a", 200), ("/dots/../.htaccess", 403),
])
def test_names_with_a_dot(client, target, status):
    assert client.request(target=target).status == status


@pytest.mark.parametrize("name, status", [
    ("inside", 200), ("inside-up", 200), ("sub/up", 200), ("chain", 200), ("dir-in/b.txt", 200),
    ("dir-in/", 200), ("dir-in", 301),
    ("out", 403), ("out-abs", 403), ("dir-out/index.html", 403), ("dir-out/", 403),
    ("dir-out", 403), ("chain-out", 403), ("magic", 403), ("dangling-out", 403),
    ("in-abs", 403),                        # leads out and in again: by name, that is out
    ("loop", 403), ("loop1", 403), ("dangling", 404), ("index-out/", 403),
    ("open/out", 200), ("open/dir-out/", 200), ("open/in", 200), ("open/loop", 403),
])
def test_links(client, name, status):
    response = client.request(target=f"/{name}")
    assert response.status == status
    if status != 200 or not name.startswith("open/"):
        assert SECRET not in response.body


def test_a_refused_link_is_explained_to_the_administrator(server, client):
    client.request(target="/out")
    assert "follow_symlinks" in server.wait_for_log('.*"/out" refused.*')[0]


UP = ["..", ".%2e", "%2e.", "%2e%2e", "%2E%2E", "..;", "..%00", "..\\", "%2e%2e%5c", "%252e%252e",
      "%c0%ae%c0%ae", "%uff0e%uff0e", "....", ". .", "..%20", "%2e%2e%2f", "..%2f", "..%5c..",
      "..%c0%af", "..%255c", "%ef%bc%8e%ef%bc%8e", "\x2e\x2e", "~", "..%0d", "..#"]
TRAVERSALS = [template.replace("UP", up) for up in UP for template in (
    "/UP/secret.txt", "/sub/UP/UP/secret.txt", "/sub/UP/UP/UP/UP/UP/UP/UP/UP/etc/passwd",
    "//UP/secret.txt", "/UP/site-other/secret.txt", "/UPsecret.txt", "UP/secret.txt",
    "/dir-in/UP/UP/secret.txt", "/open/UP/UP/secret.txt", "/a.txt/UP/UP/secret.txt",
    "http://test.example/UP/secret.txt", "/UP/UP/")]


def test_ways_up_in_every_writing(server):
    """None of them leaves the root, and each is answered: the server does not die of it."""
    for target in TRAVERSALS:
        with server.connect() as client:
            response = client.request(target=target)
        assert response.status in (400, 403, 404), (target, response)
        assert SECRET not in response.body and b"root:" not in response.body, target


@pytest.mark.parametrize("target", ["/-other/secret.txt", "-other/secret.txt", "/%2d../secret.txt",
                                    "/C:/secret.txt", "/etc/passwd", "//etc/passwd",
                                    "/proc/self/environ", "/file:///etc/passwd"])
def test_absolute_names_are_below_the_root(server, target):
    assert server.get(target).status in (400, 404)


@pytest.fixture
def special(server):
    """Makes a special file and removes it again."""
    made = []

    def make(name, create):
        path = server.site / name
        create(path)
        path.chmod(0o666)
        made.append(path)
        return "/" + name

    yield make
    for path in made:
        path.unlink()


def make_socket(path):
    """By way of the directory's descriptor: the name of a socket has to be short."""
    folder_fd = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.bind(f"/proc/self/fd/{folder_fd}/{path.name}")
    os.close(folder_fd)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name, create", [("fifo", os.mkfifo), ("socket", make_socket)])
def test_special_files_are_refused_without_waiting(server, special, method, name, create):
    """Opening a FIFO that nobody writes would block the worker for ever."""
    target = special(name, create)
    assert server.get(target, method=method).status == 403
    os.symlink(name, server.site / "to-special")
    try:
        assert server.get("/to-special", method=method).status == 403
    finally:
        os.unlink(server.site / "to-special")


@pytest.mark.root
@pytest.mark.parametrize("kind, number", [(stat.S_IFCHR, (1, 3)), (stat.S_IFCHR, (1, 5)),
                                          (stat.S_IFCHR, (5, 0)), (stat.S_IFBLK, (7, 0))])
def test_devices_are_refused(server, special, kind, number):
    def create(path):
        try:
            os.mknod(path, kind | 0o666, os.makedev(*number))
        except PermissionError:
            pytest.skip("this root may not make devices")

    assert server.get(special("device", create)).status == 403


@pytest.mark.parametrize("closed, target", [
    ("file.txt", "/file.txt"), ("folder-a", "/folder-a/x"), ("folder-b", "/folder-b/"),
    ("folder-c/x", "/folder-c/x"), ("folder-d/index.html", "/folder-d/"),
])
def test_unreadable_files_are_403(server, closed, target):
    """The worker is no root, whoever started the server."""
    name = closed.split("/")[0]
    muster.write_files(server.site, {name: "x"} if "." in name else
                       {f"{name}/x": "x", f"{name}/index.html": "x"})
    (server.site / closed).chmod(0)
    try:
        assert server.get(target).status == 403
        server.wait_for_log(f'notice: "{target}" refused: Permission denied')
    finally:
        (server.site / closed).chmod(0o755)
    assert server.get(target).status == 200

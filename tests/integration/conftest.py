# SPDX-License-Identifier: BSD-2-Clause
"""What all integration tests share. Private folders, and servers that are stopped and checked."""
import contextlib
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import muster  # noqa: E402  (it is found through the line above)


def pytest_sessionstart(session):
    """A site has to be readable for the workers, whatever the umask of the one who tests."""
    os.umask(0o022)
    if not os.access(muster.musterd_path(), os.X_OK):
        pytest.exit(f"{muster.musterd_path()} cannot be executed; MUSTERD names another", 1)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("root") and not muster.is_root():
            item.add_marker(pytest.mark.skip(reason="needs root"))
        for mark in item.iter_markers("needs"):
            missing = [name for name in mark.args if shutil.which(name) is None]
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"{missing[0]} is not installed"))


def pytest_configure(config):
    config.addinivalue_line("markers", "root: only as root")
    config.addinivalue_line("markers", "needs(program, ...): only where these are installed")


@contextlib.contextmanager
def _starter(folder):
    """Gives a function that makes servers; at the end each is stopped and checked."""
    with contextlib.ExitStack() as stack:
        count = 0

        def make(**options):
            nonlocal count
            server = muster.Server(folder / f"server{count}", starts=False, **options)
            stack.callback(server.stop)
            count += 1
            return server

        yield make


def _filled(make):
    def start(files=None, **options):
        server = make(**options)
        muster.write_files(server.site, {"index.html": "start\n"} if files is None else files)
        return server.start()

    return start


@pytest.fixture
def make_server(tmp_path):
    """make_server(**what muster.Server takes): not started yet, so that files can be put into
    its site; ended and checked after the test."""
    with _starter(tmp_path) as make:
        yield make


@pytest.fixture
def serve(make_server):
    """serve(files={path: content}, **what muster.Server takes): a server that is ready."""
    return _filled(make_server)


@pytest.fixture(scope="module")
def module_serve(tmp_path_factory):
    """The same, for a server that the tests of a file share."""
    with _starter(tmp_path_factory.mktemp("module")) as make:
        yield _filled(make)

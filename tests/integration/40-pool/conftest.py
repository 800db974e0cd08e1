# SPDX-License-Identifier: BSD-2-Clause
"""Workers alone: what their pool does is seen best where no keeper takes connections from them,
and no worker waits for what keepers hand on. Those have tests of their own here."""
import pytest


@pytest.fixture
def serve(serve):
    def start(files=None, *, keepalive=None, **options):
        return serve(files, keepalive={"keepers": 0, **(keepalive or {})}, **options)

    return start

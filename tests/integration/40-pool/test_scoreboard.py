# SPDX-License-Identifier: BSD-2-Clause
"""What a worker can reach of the shared memory. Would break if the scoreboard stayed mapped
whole after fork, or its header writable."""
import os
import re

RING_BYTES = 65536      # of each slot's log ring
MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) (\S+) (\d+) *(.*)")


def shared_mappings(pid):
    """[(start, bytes, permissions, what object it is of, offset)]"""
    found = []
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="surrogateescape") as file:
        for line in file:
            start, end, access, offset, device, inode, _ = MAPPING.match(line).groups()
            if access[3] == "s":
                found.append((int(start, 16), int(end, 16) - int(start, 16), access,
                              (device, inode), int(offset, 16)))
    return found


def test_a_worker_keeps_only_its_slot_the_hints_and_a_header_to_read(serve):
    server = serve(pool={"start": 6, "min_idle": 4, "max_idle": 8})
    page = os.sysconf("SC_PAGESIZE")
    slots, tables = [], set()
    for pid in server.worker_pids():
        everything = shared_mappings(pid)
        # The tables of clients and of nonces, which all of them have: larger than all of these.
        tables.update(one[3] for one in everything if one[1] > page + RING_BYTES)
        mappings = [one for one in everything if one[3] not in tables]
        assert [access for _, _, access, _, _ in mappings] == ["r--s", "rw-s", "rw-s"], mappings
        header, hints, slot = mappings
        assert header[1] == page
        assert hints[1] == 256 * 64, "a cache line for each listening socket"
        assert slot[1] == page + RING_BYTES
        slots.append((slot[3], slot[4]))
    assert len(tables) == 2, "a table that not all workers share"
    assert len(slots) == 6
    assert len(set(slots)) == 6, "two workers share a slot"

# SPDX-License-Identifier: BSD-2-Clause
"""What is measured and how: the CPU time and the memory of a tree of processes, from /proc."""
import contextlib
import os
import re
import resource
import socket
import time

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
SETTLED_BYTES = 192 << 10
FILE_SYSTEM_SLAB = re.compile(
    r"ext4_|jbd2_|xfs_|btrfs_|fuse_|ovl_|radix_tree|buffer_head|(?!sock_)\w*inode_cache")


def read(path):
    """A file of /proc as text, or "" when its process is gone."""
    try:
        with open(path, "rb", buffering=0) as file:
            chunks = []
            while chunk := file.read(1 << 16):
                chunks.append(chunk)
        return b"".join(chunks).decode("ascii", "replace")
    except OSError:
        return ""


def stat_fields(pid):
    """Fields of /proc/PID/stat behind the name, from the state (number 3 of proc(5)) on."""
    text = read(f"/proc/{pid}/stat")
    return text[text.rfind(")") + 2:].split()


def start_time(pid):
    """With the pid it names a process for good; None for one that is gone or a zombie."""
    fields = stat_fields(pid)
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else None


def children(pid):
    """Pids of the direct children. Cheap, so that it can be asked every few milliseconds."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += read(f"/proc/{pid}/task/{thread}/children").split()
    except OSError:
        return []
    return [int(child) for child in found]


def family(pid):
    """The process and all its descendants."""
    members, unseen = [], [pid]
    while unseen:
        member = unseen.pop()
        members.append(member)
        unseen += children(member)
    return members


def family_identity(pid):
    return {member: start_time(member) for member in family(pid)}


def process_cpu_ns(pid):
    """Time on a CPU so far, as the scheduler counts it, and that of children waited for."""
    fields = stat_fields(pid)
    if len(fields) < 18:
        return 0
    live_ns = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            numbers = read(f"/proc/{pid}/task/{thread}/schedstat").split()
            live_ns += int(numbers[0]) if numbers else 0
    except OSError:
        pass
    if live_ns == 0:                    # a kernel without CONFIG_SCHED_INFO
        live_ns = (int(fields[11]) + int(fields[12])) * TICK_NS
    return live_ns + (int(fields[13]) + int(fields[14])) * TICK_NS


def family_cpu_ns(pid):
    """A child that ends moves to its parent's count of children waited for, so the difference of
    two sums is what the family used between them, whoever came and went."""
    return sum(process_cpu_ns(member) for member in family(pid))


def machine_cpu_ns():
    """Time that all CPUs were not idle so far, in ticks of the kernel."""
    fields = [int(field) for field in read("/proc/stat").split("\n", 1)[0].split()[1:9]]
    user, nice, system, _, _, irq, softirq, _ = fields
    return (user + nice + system + irq + softirq) * TICK_NS


def meminfo():
    """/proc/meminfo in bytes."""
    return {line.split(":")[0]: int(line.split()[1]) * 1024
            for line in read("/proc/meminfo").splitlines() if line.endswith("kB")}


def file_system_slabs():
    """Slabs that hold what was seen of file systems: they change with whatever else the machine
    does. 0 where only root may know."""
    total = 0
    for line in read("/proc/slabinfo").splitlines()[2:]:
        name, _, count, each_bytes = line.split()[:4]
        if FILE_SYSTEM_SLAB.match(name):
            total += int(count) * int(each_bytes)
    return total


def kernel_memory(info=None):
    """Memory of the kernel itself: slabs (sockets, files and the entries that sockets have in
    caches, which no shortage gets back while they are open), stacks and page tables."""
    info = info or meminfo()
    return info["Slab"] - file_system_slabs() + info["KernelStack"] + info["PageTables"]


def system_memory(info):
    """What is in use: all but free memory and the page cache; shared memory counts."""
    return info["MemTotal"] - info["MemFree"] - info["Buffers"] - info["Cached"] + info["Shmem"]


def settle(pid=None, deadline_s=10):
    """Waits until the kernel's memory changes little (it frees some of it late) and, with a pid,
    until that process's children sleep."""
    deadline = time.monotonic() + deadline_s
    last = kernel_memory()
    while time.monotonic() < deadline:
        time.sleep(0.4)
        now = kernel_memory()
        if abs(now - last) < SETTLED_BYTES and (pid is None or is_settled(pid)):
            return
        last = now


def forget_names():
    """Looking at a process leaves some KiB of names of /proc in the kernel, which are not its own.
    Only root can drop them; the kernel drops unused ones of other file systems with them."""
    try:
        with open("/proc/sys/vm/drop_caches", "w") as file:
            file.write("2")
    except OSError:
        pass


def process_memory(pid):
    """Bytes by name, of the process's own pages and its page tables."""
    wanted = {"Pss": "pss", "Private_Clean": "private", "Private_Dirty": "private",
              "VmPTE": "page_tables"}
    sums = {"pss": 0, "private": 0, "page_tables": 0}
    for file in ("smaps_rollup", "status"):
        for line in read(f"/proc/{pid}/{file}").splitlines():
            key, _, value = line.partition(":")
            if key in wanted and value.endswith("kB"):
                sums[wanted[key]] += int(value.split()[0]) * 1024
    return sums


def family_pss(pid):
    return sum(process_memory(member)["pss"] for member in family(pid))


def is_settled(pid):
    """Every child of the process sleeps."""
    return all((stat_fields(child) or "R")[0] == "S" for child in children(pid))


def get(port, path, timeout_s, context=None):
    """Status and bytes of the answer to one request, over TLS when there is a context for it."""
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(
            socket.create_connection(("127.0.0.1", port), timeout=timeout_s))
        if context:
            client = stack.enter_context(context.wrap_socket(client))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                       .encode())
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    words = answer.split(b" ", 2)
    if len(words) < 3 or not words[1].isdigit():
        raise ConnectionError("no answer")
    return int(words[1]), len(answer)


def raise_limit(kind, wanted):
    """Raises a resource limit of this process, which the servers inherit, as far as it may.
    Returns what is in force then."""
    soft, hard = resource.getrlimit(kind)
    endless = resource.RLIM_INFINITY
    if soft == endless or soft >= wanted:
        return wanted
    for new in ((wanted, max(wanted, hard) if hard != endless else endless), (hard, hard)):
        try:
            resource.setrlimit(kind, new)
            break
        except (ValueError, OSError):
            continue
    soft = resource.getrlimit(kind)[0]
    return wanted if soft == endless else soft

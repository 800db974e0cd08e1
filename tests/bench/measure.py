# SPDX-License-Identifier: BSD-2-Clause
"""What is measured and how: the CPU time and the memory of a tree of processes, from /proc."""
import os
import resource
import socket

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
NS_PER_S = 1_000_000_000


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


def listen_queue(port):
    """Connections that 127.0.0.1:port has not accepted yet."""
    wanted = f"0100007F:{port:04X}"
    for line in read("/proc/net/tcp").splitlines()[1:]:
        fields = line.split()
        if fields[1] == wanted and fields[3] == "0A":
            return int(fields[4].partition(":")[2], 16)
    return 0


def meminfo():
    """/proc/meminfo in bytes."""
    return {line.split(":")[0]: int(line.split()[1]) * 1024
            for line in read("/proc/meminfo").splitlines() if line.endswith("kB")}


def memory_used(info):
    """What nobody could have without taking it from somebody: page cache and slabs that can be
    dropped do not count, shared memory and all other kernel memory do."""
    return (info["MemTotal"] - info["MemFree"] - info["Buffers"] - info["Cached"]
            - info["SReclaimable"] + info["Shmem"])


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


def is_settled(pid):
    """Every child of the process sleeps."""
    return all((stat_fields(child) or "R")[0] == "S" for child in children(pid))


def get(port, path, timeout_s):
    """Status and bytes of the answer to one plain request."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as client:
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

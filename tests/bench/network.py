# SPDX-License-Identifier: BSD-2-Clause
"""A network of this process's own, in which the loopback sends packets as small as Ethernet's: with
those of 64 KiB that it has otherwise, the kernel queues far more for a client that does not read
than it does for one on a real network."""
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFMTU = 0x8913, 0x8914, 0x8922
IFF_UP = 1
LOOPBACK = b"lo"

libc = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class OwnNetwork:
    """Entered by this process, and by all that it starts then, until leave()."""

    def __init__(self, mtu_bytes):
        self.old = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            must(libc.unshare(CLONE_NEWNET))
            set_up_loopback(mtu_bytes)
        except OSError:
            self.leave()
            raise

    def leave(self):
        must(libc.setns(self.old, CLONE_NEWNET))
        os.close(self.old)


def set_up_loopback(mtu_bytes):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh", LOOPBACK, 0).ljust(40, b"\0")
        flags, = struct.unpack_from("h", fcntl.ioctl(control, SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(control, SIOCSIFFLAGS,
                    struct.pack("16sh", LOOPBACK, flags | IFF_UP).ljust(40, b"\0"))
        fcntl.ioctl(control, SIOCSIFMTU,
                    struct.pack("16si", LOOPBACK, mtu_bytes).ljust(40, b"\0"))

# SPDX-License-Identifier: BSD-2-Clause
"""Users, their passwords and what a client makes of them, computed apart from the server."""
import base64
import hashlib
import re

REALM = "staff only"
ALICE = ("alice", "wonderland")
BOB = ("bob", "pass:word \u00e4")
# The cheapest that crypt(5) has.
HASHES = {
    ALICE: "$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu",
    BOB: "$2y$04$abcdefghijklmnopqrstuuBEEMFlLi9Zp.LGzdI5POADXKbYuJgVy",
}


def password_file(*logins):
    return "# users\n" + "".join(f"{login[0]}:{HASHES[login]}\n" for login in logins)


def digest_file(*logins, realm=REALM):
    return "".join(f"{user}:{realm}:{sha256(f'{user}:{realm}:{password}')}\n"
                   for user, password in logins)


def basic(login):
    """The field that logs in."""
    text = base64.b64encode(":".join(login).encode()).decode()
    return "Authorization", f"Basic {text}"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def challenge(response):
    """The parameters of WWW-Authenticate, which has to be one challenge of Digest."""
    value = response["WWW-Authenticate"]
    assert value.startswith("Digest ") and value.count("Digest") == 1, value
    found = dict(re.findall(r'([a-z]+)="?([^",]*)"?(?:, |$)', value[len("Digest "):]))
    assert ", ".join(re.split(", ", value)) == value
    return found


def digest(login, asked, target="/", method="GET", count=1, **other):
    """The field that answers a challenge (RFC 7616 3.4). other: parameters that are not as they
    should be; None leaves one out."""
    user, password = login
    values = {"username": user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": target,
              "algorithm": "SHA-256", "qop": "auth", "nc": f"{count:08x}", "cnonce": "c0ffee"}
    first = sha256(f"{user}:{values['realm']}:{password}")
    second = sha256(f"{method}:{target}")
    values["response"] = sha256(":".join([first, values["nonce"], values["nc"],
                                          values["cnonce"], "auth", second]))
    values.update(other)
    bare = {"algorithm", "qop", "nc"}
    text = ", ".join(f"{name}={value}" if name in bare else f'{name}="{value}"'
                     for name, value in values.items() if value is not None)
    return "Authorization", f"Digest {text}"

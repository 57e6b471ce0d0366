"""Attack 35: a name of the web whose address changes between check and connect, or that has a public and an inner address at once.

    rebinding_test.py DIGITS [unittest arguments]

Needs a network of its own, with a name server; ends with 77 (skipped) where that is not allowed.
"""
import fcntl
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "api"))
from own_namespace import enter_namespace

enter_namespace("--net")

from stage import *

PUBLIC, INNER = "93.184.216.34", "127.0.0.1"
PORT = 8080


def set_up_interface(name, address):
    """Linux's ioctls, as ifconfig sends them."""
    SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR = 0x8913, 0x8914, 0x8916
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16sHH4s8x", name.encode(), socket.AF_INET, 0, socket.inet_aton(address)))
        flags = struct.unpack_from("H", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16s16x", name.encode())), 16)[0]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), flags | 1))


class Names(threading.Thread):
    """A name server. `answers`: a name's addresses at the first question, at the second, and so on; the last ones stay."""

    def __init__(self, answers):
        super().__init__(daemon=True)
        self.answers, self.asked = answers, {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((INNER, 53))

    def run(self):
        while True:
            question, client = self.socket.recvfrom(4096)
            labels, at = [], 12
            while question[at]:
                labels.append(question[at + 1:at + 1 + question[at]].decode())
                at += 1 + question[at]
            name, kind = ".".join(labels), struct.unpack_from(">H", question, at + 1)[0]
            addresses = []
            if kind == 1 and name in self.answers:
                times = self.asked[name] = self.asked.get(name, 0) + 1
                addresses = self.answers[name][min(times, len(self.answers[name])) - 1]
            records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(address) for address in addresses)
            self.socket.sendto(question[:2] + struct.pack(">HHHHH", 0x8180, 1, len(addresses), 0, 0) + question[12:at + 5] + records, client)


class Listener(threading.Thread):
    """Keeps the lines that it was asked by, and gives each the same answer."""

    def __init__(self, address, port, answer):
        super().__init__(daemon=True)
        self.socket, self.answer, self.callers = socket.create_server((address, port)), answer, []

    def run(self):
        while True:
            connection, _ = self.socket.accept()
            with connection:
                self.callers.append(connection.recv(4096).split(b"\r\n")[0])
                connection.sendall(self.answer)


def setUpModule():
    global stage, names, inner, public
    set_up_interface("lo", INNER)
    set_up_interface("lo:1", PUBLIC)
    names = Names({"changes.test": [[PUBLIC], [INNER]], "both.test": [[PUBLIC, INNER]], "both-turned.test": [[INNER, PUBLIC]], "leads.test": [[PUBLIC]], "inner.test": [[INNER]]})
    names.start()
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(f"nameserver {INNER}\noptions timeout:2 attempts:1\n")
    unittest.addModuleCleanup(os.unlink, file.name)
    subprocess.run(["mount", "--bind", file.name, "/etc/resolv.conf"], check=True)
    stage = Stage("--allow-url-fetch")
    unittest.addModuleCleanup(stage.close)
    secret = SECRET.encode()
    inner = Listener(INNER, PORT, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(secret) + secret)
    public = Listener(PUBLIC, PORT, f"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: http://inner.test:{PORT}/x.png\r\n\r\n".encode())
    inner.start()
    public.start()


class Rebinding(Attack):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.stage.model(cls.stage.dataset())

    def words_of(self, url):
        status, _, answer = self.api.call("POST", f"/models/{self.model}/classify", {"urls": [url]})
        self.assertEqual(status, 200, answer)
        return answer["images"][0]["error"]["message"]

    def test_35_the_address_that_is_checked_is_the_one_that_is_asked(self):
        before = len(public.callers)
        for _ in range(3):
            self.assertIn(f"has the address {INNER}", self.words_of(f"http://changes.test:{PORT}/x.png"))
        self.assertGreater(len(public.callers), before)
        self.assertEqual(inner.callers, [])

    def test_35_a_name_with_two_addresses_leads_to_the_public_one(self):
        # Nobody listens at the public address there, so the other one is tried, and refused.
        hidden = Listener(INNER, PORT + 1, inner.answer)
        hidden.start()
        for name in ("both.test", "both-turned.test"):
            self.assertTrue(self.words_of(f"http://{name}:{PORT + 1}/x.png"))
        self.assertEqual(hidden.callers, [])

    def test_35_a_redirect_leads_to_no_inner_address(self):
        self.assertIn(f"has the address {INNER}", self.words_of(f"http://leads.test:{PORT}/x.png"))
        self.assertEqual(inner.callers, [])


if __name__ == "__main__":
    unittest.main()

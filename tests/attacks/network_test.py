"""Attacks 34 to 36: addresses that the server is to fetch. (Redirects: src/api/requests/fetch_test.cpp; names that change: rebinding_test.py.)

    network_test.py DIGITS [unittest arguments]
"""
import contextlib
import gzip
import threading

from stage import *

# "localhost" is a host of one's own network that may be fetched from; 127.0.0.1, the same machine, may not.
setUpModule = run(globals(), "--allow-url-fetch", "--allow-url-host", "localhost")


class Network(Attack):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.stage.model(cls.stage.dataset())
        # Somebody who must not be asked.
        cls.internal = socket.create_server(("127.0.0.1", 0))
        cls.port = cls.internal.getsockname()[1]
        cls.callers = []

        def listen():
            while True:
                try:
                    connection, _ = cls.internal.accept()
                except OSError:
                    return
                cls.callers.append(connection)
        threading.Thread(target=listen, daemon=True).start()
        cls.addClassCleanup(cls.internal.close)

    def test_34_private_addresses_are_not_asked(self):
        port = self.port
        urls = [f"http://127.0.0.1:{port}/", f"http://localhost.:{port}/", f"http://[::1]:{port}/", f"http://[::ffff:127.0.0.1]:{port}/",
                f"http://0:{port}/", f"http://0.0.0.0:{port}/", f"http://2130706433:{port}/", f"http://0x7f000001:{port}/", f"http://017700000001:{port}/", f"http://127.1:{port}/",
                f"http://user@127.0.0.1:{port}/", f"http://127.0.0.1:{port}#@example.com/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://192.168.1.1/",
                "http://[fe80::1]/", "http://[fd00::1]/", "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "dict://127.0.0.1:11211/", "http://", "not an address"]
        begin = time.monotonic()
        status, _, answer = self.api.call("POST", f"/models/{self.model}/classify", {"urls": urls})
        self.assertEqual(status, 200, answer)
        for url, image in zip(urls, answer["images"]):
            self.assertTrue(image["error"]["message"], url)
            self.assertEqual(image["predictions"], [], url)
        self.assertLess(time.monotonic() - begin, 30)
        for path in ("classify_one", "classify_many"):
            self.server.request("POST", f"/models/images/classification/{path}.json?job_id={self.model}&image_path={urls[0]}")
        self.assertEqual(self.callers, [])

    @contextlib.contextmanager
    def host(self, answer):
        """A host that says `answer(send)` to whoever asks; its address."""
        listening = socket.create_server(("127.0.0.1", 0))
        ended = threading.Event()

        def talk(connection):
            with connection:
                try:
                    connection.recv(65536)
                    answer(connection.sendall, ended)
                except OSError:
                    pass

        def listen():
            while True:
                try:
                    threading.Thread(target=talk, args=(listening.accept()[0],), daemon=True).start()
                except OSError:
                    return
        threading.Thread(target=listen, daemon=True).start()
        try:
            yield f"http://localhost:{listening.getsockname()[1]}/cat.png"
        finally:
            ended.set()
            listening.close()

    def fetch(self, url):
        """What is said of the image at `url`, and after how many seconds."""
        begin = time.monotonic()
        status, _, answer = self.api.call("POST", f"/models/{self.model}/classify", {"urls": [url]})
        self.assertEqual(status, 200, answer)
        return answer["images"][0]["error"]["message"], time.monotonic() - begin

    def test_36_a_host_without_end_or_haste_is_left(self):
        def endless(send, ended):
            send(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
            while not ended.is_set():
                send(bytes(1 << 20))

        def slow(send, ended):
            send(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 1000000\r\n\r\n")
            while not ended.wait(1):
                send(b"x")

        def slow_headers(send, ended):
            send(b"HTTP/1.1 200 OK\r\n")
            while not ended.wait(1):
                send(b"X: y\r\n")
        before = self.stage.memory_mb()
        found = {}
        with self.host(endless) as endless_url, self.host(slow) as slow_url, self.host(slow_headers) as headers_url:
            urls = {"endless": endless_url, "slow": slow_url, "headers": headers_url}

            def ask(name):
                found[name] = self.fetch(urls[name])
            askers = [threading.Thread(target=ask, args=(name,)) for name in urls]
            for asker in askers:
                asker.start()
            while any(asker.is_alive() for asker in askers):
                self.assertTrue(self.stage.quick(), "others wait for them")
                askers[-1].join(0.5)
            for asker in askers:
                asker.join()
        self.assertIn("over 32 MB", found["endless"][0])
        for name in ("slow", "headers"):
            self.assertIn("too slow", found[name][0])
            self.assertLess(found[name][1], 25)
        self.assertLess(self.stage.memory_mb() - before, 64)
        self.assertEqual(list((self.server.folder / "data").rglob("fetched-*")), [])

    def test_36_a_gzip_bomb_stays_packed(self):
        bomb = gzip.compress(bytes(1 << 28), 1)
        self.assertLess(len(bomb), 2 << 20)

        def answer(send, _):
            send(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
        before = self.stage.memory_mb()
        with self.host(answer) as url:
            words, seconds = self.fetch(url)
        self.assertTrue(words)
        self.assertLess(seconds, 10)
        self.assertLess(self.stage.memory_mb() - before, 32)

    def test_36_there_is_a_limit_to_what_one_request_may_name(self):
        status, _, answer = self.api.call("POST", f"/models/{self.model}/classify", {"urls": ["http://10.0.0.1/"] * 1000})
        self.assertEqual((status, answer["where"]), (422, "/urls"))


if __name__ == "__main__":
    unittest.main()

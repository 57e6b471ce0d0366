"""Attacks 34 to 36: addresses that the server is to fetch. (What a hostile host answers, redirects and names that change: src/http/fetch_test.cpp.)

    network_test.py DIGITS [unittest arguments]
"""
import threading

from stage import *

setUpModule = run(globals(), "--allow-url-fetch")


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
        urls = [f"http://127.0.0.1:{port}/", f"http://localhost:{port}/", f"http://localhost.:{port}/", f"http://[::1]:{port}/", f"http://[::ffff:127.0.0.1]:{port}/",
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

    def test_36_there_is_a_limit_to_what_one_request_may_name(self):
        status, _, answer = self.api.call("POST", f"/models/{self.model}/classify", {"urls": ["http://10.0.0.1/"] * 1000})
        self.assertEqual((status, answer["where"]), (422, "/urls"))


if __name__ == "__main__":
    unittest.main()

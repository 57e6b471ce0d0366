"""Attacks 39 to 45: what other pages make a browser do, and what is not proper HTTP.

    web_test.py DIGITS [unittest arguments]
"""
import resource
import sqlite3
import threading

from stage import *

setUpModule = run(globals())
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"


class Web(Attack):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dataset = cls.stage.dataset(SCRIPT)
        cls.model = cls.stage.model(cls.dataset, SCRIPT)

    def state(self):
        """What a change would change."""
        with sqlite3.connect(f"file:{self.server.folder}/data/digits.db?mode=ro", uri=True) as database:
            return database.execute("SELECT * FROM jobs ORDER BY 1").fetchall()

    def test_39_pages_of_others_change_nothing(self):
        before = self.state()
        foreign = ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Referer": "http://evil.example/"})
        requests = [("POST", "/api/v1/jobs/" + self.model + "/abort", None), ("DELETE", "/api/v1/jobs/" + self.model, None), ("PUT", "/api/v1/session", "{}"), ("POST", "/logout", None),
                    ("GET", "/logout", None), ("HEAD", "/logout", None), ("GET", f"/models/{self.model}/to_pretrained", None), ("POST", f"/models/{self.model}/to_pretrained", None),
                    ("GET", f"/group?job_ids[]={self.model}&group_name=evil", None), ("DELETE", "/models/" + self.model, None), ("POST", "/login", "username=eve")]
        for headers in foreign:
            for method, path, body in requests:
                status, answered, _ = self.server.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded", **headers})
                with self.subTest(f"{method} {path} {headers}"):
                    self.assertEqual(status, 403)
                    self.assertNotIn("set-cookie", answered)
                    self.assertNotIn("access-control-allow-origin", answered)
        self.assertEqual(self.state(), before)
        self.assertEqual(self.server.request("GET", "/logout", headers={"Sec-Fetch-Site": "same-origin"})[0], 302)
        self.assertEqual(self.server.request("GET", "/logout")[0], 302)

    def test_39_no_get_of_a_page_changes_anything(self):
        before = self.state()
        for method, pattern, _ in self.api.operations():
            if method == "get" and pattern != "/events":
                path = pattern.replace("{id}", self.model).replace("{job}", self.model).replace("{split}", "train").replace("{index}", "0").replace("{path}", "x")
                self.server.request("GET", "/api/v1" + path, headers={"Sec-Fetch-Site": "cross-site"})
        for path in ("/", "/index", "/completed_jobs", "/login", f"/models/{self.model}", f"/models/{self.model}.json", f"/models/{self.model}/status", f"/clone/{self.model}",
                     f"/models/{self.model}/download", f"/datasets/summary?job_id={self.dataset}", f"/datasets/images/classification/explore?job_id={self.dataset}",
                     f"/models/images/classification/classify_one?job_id={self.model}", "/autocomplete/path?query=/", f"/models/{self.model}/to_pretrained", "/logout",
                     f"/group?job_ids[]={self.model}&group_name=evil"):
            self.server.request("GET", path, headers={"Sec-Fetch-Site": "cross-site"})
        self.assertEqual(self.state(), before)

    def test_40_other_names_of_the_server_are_refused(self):
        port = self.server.host.partition(":")[2]
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[fe80::1]"):
            self.assertEqual(self.stage.raw(f"GET /api/v1/jobs HTTP/1.1\r\nHost: {host}\r\n\r\n")[0], 403, host)
        for host in (f"localhost:{port}@evil.example", f"user@localhost:{port}", "localhost:x", "[::1]x", "localhost/", "", "localhost evil"):
            self.assertEqual(self.stage.raw(f"GET /api/v1/jobs HTTP/1.1\r\nHost: {host}\r\n\r\n")[0], 400, host)
        self.assertEqual(self.stage.raw("GET /api/v1/jobs HTTP/1.1\r\n\r\n")[0], 400)
        self.assertEqual(self.stage.get_raw("/api/v1/jobs", "Origin: null\r\n")[0], 403)

    def test_41_names_are_texts_in_every_page(self):
        for path in ("/", "/login?next=/%3Cscript%3E", f"/datasets/summary?job_id={self.dataset}", f"/datasets/images/classification/explore?job_id={self.dataset}&db=%3Cscript%3E",
                     f"/datasets/images/classification/explore?job_id={self.dataset}", f"/models/{self.model}", f"/jobs/{SCRIPT.replace(' ', '%20').replace('<', '%3C').replace('>', '%3E').replace(chr(34), '%22')}"):
            status, headers, data = self.server.request("GET", path, headers={"Accept": "text/html"})
            with self.subTest(path):
                if headers.get("content-type", "").startswith("text/html"):
                    self.assertNotIn(b"<script>alert", data)
                    self.assertNotIn(b"<img src=x", data)
                    self.assertNotIn("script-src 'unsafe-inline'", headers["content-security-policy"])
                    self.assertNotIn("unsafe-eval", headers["content-security-policy"])

    def test_42_one_stays_on_this_site(self):
        for place in ("//evil.test", "/\\evil.test", "/%09/evil.test", "/%0a/evil.test", "/%0d%0a/evil.test", "https://evil.test", "javascript:alert(1)", "/%5cevil.test", "\\\\evil.test",
                      "/%20/evil.test", "%09//evil.test", "/%00/evil.test"):
            for method in ("POST",):
                _, headers, _ = self.server.request(method, f"/login?next={place}", "username=eve", {"Content-Type": "application/x-www-form-urlencoded"})
                if "location" in headers:
                    self.assertEqual(headers["location"], "/", place)
            _, headers, _ = self.server.request("GET", f"/logout?next={place}")
            if "location" in headers:
                self.assertEqual(headers["location"], "/", place)
        self.assertEqual(self.server.request("POST", "/login?next=/models/new?a=b", "username=eve", {"Content-Type": "application/x-www-form-urlencoded"})[1]["location"], "/models/new?a=b")

    def test_43_pages_are_neither_framed_nor_kept(self):
        for path in ("/", "/login", "/api/v1/jobs", "/index.json", f"/datasets/summary?job_id={self.dataset}"):
            headers = self.server.request("GET", path)[1]
            self.assertEqual(headers["x-frame-options"], "DENY", path)
            self.assertIn("frame-ancestors 'none'", headers["content-security-policy"], path)
            if not path == "/":
                self.assertIn("no-store", headers["cache-control"], path)

    def test_44_line_breaks_make_no_headers_and_no_log_lines(self):
        for path in ("/login?next=/x%0d%0aSet-Cookie:%20evil=1", "/x%0d%0aSet-Cookie:%20evil=1", f"/clone/{self.model}%0d%0aX: y"):
            _, answer = self.stage.get_raw(path.replace(" ", "%20"))
            self.assertNotIn(b"\r\nset-cookie: evil", answer.lower())
        self.stage.get_raw("/nothing%1b%5b31m%0aE%20forged")
        self.assertNotIn(b"\x1b", (self.server.folder / "server.log").read_bytes())
        self.assertNotIn(b"\nE forged", (self.server.folder / "server.log").read_bytes())

    def test_45_what_is_no_proper_http_is_refused(self):
        head = f"POST /api/v1/datasets HTTP/1.1\r\nHost: {self.server.host}\r\nContent-Type: application/json\r\n"
        chunked = head + "Transfer-Encoding: chunked\r\n\r\n"
        for size in ("ffffffffffffffff", "fffffffffffffffff", "8000000000000000", "-1", "x10", ""):
            self.assertEqual(self.stage.raw(chunked + size + "\r\nx\r\n")[0], 400, size)
        self.assertEqual(self.stage.raw(chunked + "40000000\r\nx\r\n")[0], 413)
        self.assertEqual(self.stage.raw(head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")[0], 400)
        self.assertEqual(self.stage.raw(head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345")[0], 400)
        self.assertEqual(self.stage.raw(f"GET /api/v1/jobs HTTP/1.1\r\nHost: {self.server.host}\r\nX: {'x' * (1 << 20)}\r\n\r\n")[0], 431)
        self.assertIn(self.stage.raw(chunked + "1\r\n \r\n" * 100_000 + "0\r\n\r\n")[0], (400, 422))
        self.assertEqual(self.stage.raw("GET /api/v1/jobs HTTP/9.9\r\nHost: localhost\r\n\r\n")[0], 400)

    def test_45_ten_thousand_idle_connections_keep_nobody_out(self):
        # As many as this process may have, with room for its own files.
        wanted = 10_000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, wanted + 500)), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        count = min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 500)
        self.assertGreaterEqual(count, 500)
        host, _, port = self.server.host.partition(":")
        before = self.stage.memory_mb()
        idle = []
        try:
            for _ in range(count):
                idle.append(socket.create_connection((host, int(port)), timeout=20))
            self.assertTrue(self.stage.quick())
            self.assertLess(self.stage.memory_mb() - before, 256)
            # One that was there before, and is at work, is not closed for those.
            self.assertEqual(self.stage.get_raw("/api/v1/jobs")[0], 200)
        finally:
            for one in idle:
                one.close()

    def test_45_requests_in_one_piece_are_answered_in_their_order(self):
        asked = [f"/api/v1/jobs/{self.model if i % 2 else self.dataset}" if i % 3 else f"/api/v1/nothing-{i}" for i in range(300)]
        host, _, port = self.server.host.partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            text = "".join(f"GET {path} HTTP/1.1\r\nHost: {self.server.host}\r\n\r\n" for path in asked[:-1])
            text += f"GET {asked[-1]} HTTP/1.1\r\nHost: {self.server.host}\r\nConnection: close\r\n\r\n"
            sender = threading.Thread(target=connection.sendall, args=(text.encode(),))
            sender.start()
            answer = b""
            while some := connection.recv(1 << 20):
                answer += some
            sender.join()
        answers = answer.split(b"HTTP/1.1 ")[1:]
        self.assertEqual(len(answers), len(asked))
        for path, one in zip(asked, answers):
            self.assertEqual(int(one.split()[0]), 404 if "nothing" in path else 200, path)
            self.assertIn(path.rpartition("/")[2].encode(), one)

    def test_45_no_second_request_hides_in_a_body(self):
        hidden = f"DELETE /api/v1/jobs/{self.model} HTTP/1.1\r\nHost: {self.server.host}\r\n\r\n"
        head = f"POST /api/v1/datasets/scan HTTP/1.1\r\nHost: {self.server.host}\r\nContent-Type: application/json\r\nConnection: close\r\n"
        for lengths in (f"Content-Length: 0\r\nContent-Length: {len(hidden)}\r\n", f"Content-Length: {len(hidden)}\r\nTransfer-Encoding: chunked\r\n",
                        f"Transfer-Encoding: chunked\r\nContent-Length: {len(hidden)}\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding : chunked\r\n",
                        f"Content-Length: +{len(hidden)}\r\n", f"Content-Length: 0x{len(hidden):x}\r\n", f"Content-Length: {len(hidden)}\r\n"):
            status, _ = self.stage.raw(head + lengths + "\r\n" + hidden)
            self.assertIn(status, (400, 422, 501), lengths)
            self.assertEqual(self.api.call("GET", f"/jobs/{self.model}")[0], 200, lengths)


if __name__ == "__main__":
    unittest.main()

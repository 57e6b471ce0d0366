"""The rules that hold for all of /api/v1, on a real server: who may change a job, ETag and If-Match, Idempotency-Key, other origins.

    rules_test.py DIGITS MNIST_IDX_FOLDER [unittest arguments]
"""
import http.client
import json
import sqlite3
import sys
import unittest
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from contract import Contract
from server_process import ServerProcess, mnist_folder

DIGITS, IDX = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
ADA, BOB = {"Cookie": "username=ada"}, {"Cookie": "theme=dark; username=bob"}


def setUpModule():
    global server, api, image_folder
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)
    image_folder = mnist_folder(IDX, server.folder / "images", 3)


def creation(name):
    return {"name": name, "spec": {"source": {"type": "folder", "path": str(image_folder)}, "image": {"width": 28, "height": 28, "channels": 1}}}


def make(name, headers=None):
    """A finished dataset."""
    status, _, job = api.call("POST", "/datasets", creation(name), headers)
    assert status == 201, job
    server.wait_for(job["id"])
    return job["id"]


class Owners(unittest.TestCase):
    def test_who_one_is(self):
        self.assertEqual(api.call("GET", "/session")[2], {"user": ""})
        status, headers, session = api.call("PUT", "/session", {"user": " ada "})
        self.assertEqual((status, session), (200, {"user": "ada"}))
        cookie = headers["set-cookie"]
        for word in ("username=ada", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, cookie)
        self.assertEqual(api.call("GET", "/session", headers=ADA)[2], {"user": "ada"})
        self.assertIn("Max-Age=0", api.call("DELETE", "/session", headers=ADA)[1]["set-cookie"])
        for name in ("", "Ada", "9lives", "a b", "a;b", "a" * 65):
            status, _, problem = api.call("PUT", "/session", {"user": name})
            self.assertEqual((status, problem["where"]), (422, "/user"), name)
        for forged in ("username=Ada", "username=", "username=a%20b", "username"):
            self.assertEqual(api.call("GET", "/session", headers={"Cookie": forged})[2], {"user": ""}, forged)

    def test_only_the_owner_changes_a_job_and_everybody_looks_at_it(self):
        job = make("ada's", ADA)
        found = api.call("GET", f"/jobs/{job}", headers=BOB)[2]
        self.assertEqual(found["owner"], "ada")
        for headers in (BOB, {}):
            for method, path, body in (("PATCH", "", {"name": "mine"}), ("DELETE", "", None), ("POST", "/abort", None),
                                       ("POST", "/resume", None), ("POST", "/snapshot", None)):
                status, _, problem = api.call(method, f"/jobs/{job}{path}", body, headers)
                self.assertEqual((status, problem["code"]), (403, "permission_denied"), (method, path))
                self.assertIn("belongs to ada", problem["detail"])
                self.assertTrue(problem["advice"])
            self.assertEqual(api.call("GET", f"/datasets/{job}/images", headers=headers)[0], 200)
        self.assertEqual(api.call("PATCH", f"/jobs/{job}", {"name": "still ada's"}, ADA)[0], 200)
        self.assertEqual([one["id"] for one in api.call("GET", "/jobs?owner=ada")[2]["items"]], [job])
        self.assertNotIn(job, [one["id"] for one in api.call("GET", "/jobs?owner=")[2]["items"]])
        self.assertEqual(api.call("DELETE", f"/jobs/{job}", headers=ADA)[0], 204)
        self.assertEqual(api.call("POST", f"/jobs/{job}/restore", headers=BOB)[0], 403)
        self.assertEqual(api.call("POST", f"/jobs/{job}/restore", headers=ADA)[0], 200)

    def test_everybody_changes_what_belongs_to_nobody(self):
        job = make("nobody's")
        self.assertEqual(api.call("PATCH", f"/jobs/{job}", {"name": "bob was here"}, BOB)[0], 200)
        self.assertEqual(api.call("DELETE", f"/jobs/{job}")[0], 204)


class Conditions(unittest.TestCase):
    def test_what_has_not_changed_is_not_sent_again(self):
        job = make("tagged")
        for path in (f"/jobs/{job}", f"/datasets/{job}", "/jobs?q=tagged", "/networks"):
            tag = api.call("GET", path)[1]["etag"]
            for same in (tag, f'"other", W/{tag}', "*"):
                status, headers, body = server.request("GET", "/api/v1" + path, headers={"If-None-Match": same})
                self.assertEqual((status, headers["etag"], body), (304, tag, b""), path)
            self.assertEqual(server.request("GET", "/api/v1" + path, headers={"If-None-Match": '"other"'})[0], 200)
        tag = api.call("GET", f"/jobs/{job}")[1]["etag"]
        api.call("PATCH", f"/jobs/{job}", {"notes": "changed"})
        self.assertEqual(api.call("GET", f"/jobs/{job}", headers={"If-None-Match": tag})[0], 200)

    def test_two_who_edit_one_job_are_told(self):
        job = make("shared")
        tag = api.call("GET", f"/jobs/{job}")[1]["etag"]
        status, headers, _ = api.call("PATCH", f"/jobs/{job}", {"name": "first"}, {"If-Match": tag})
        self.assertEqual(status, 200)
        status, _, problem = api.call("PATCH", f"/jobs/{job}", {"name": "second"}, {"If-Match": tag})
        self.assertEqual((status, problem["code"]), (412, "precondition_failed"))
        self.assertIn('its name is now "first"', problem["detail"])
        self.assertNotIn("group", problem["detail"])
        self.assertEqual(api.call("GET", f"/jobs/{job}")[2]["name"], "first")
        self.assertEqual(api.call("DELETE", f"/jobs/{job}", headers={"If-Match": tag})[0], 412)
        self.assertEqual(api.call("PATCH", f"/jobs/{job}", {"name": "second"}, {"If-Match": headers["etag"]})[0], 200)
        self.assertEqual(api.call("PATCH", f"/jobs/{job}", {"name": "third"}, {"If-Match": "*"})[0], 200)
        self.assertEqual(api.call("PATCH", f"/jobs/{job}", {"name": "x"}, {"If-Match": '"something else"'})[0], 412)
        now = api.call("GET", f"/datasets/{job}")[1]["etag"]
        self.assertEqual(api.call("DELETE", f"/jobs/{job}", headers={"If-Match": now})[0], 204)


class Keys(unittest.TestCase):
    def test_the_same_request_with_its_key_makes_one(self):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first = api.call("POST", "/datasets", creation("once"), key)
        again = api.call("POST", "/datasets", creation("once"), key)
        self.assertEqual((again[0], again[1]["location"], again[2]), (201, first[1]["location"], first[2]))
        self.assertEqual(api.call("GET", "/jobs?q=once")[2]["total"], 1)
        status, _, problem = api.call("POST", "/datasets", creation("another"), key)
        self.assertEqual((status, problem["where"]), (422, "Idempotency-Key"))
        self.assertEqual(api.call("POST", "/datasets", creation("x"), {"Idempotency-Key": "two words"})[0], 422)

    def test_a_refused_request_leaves_its_key_free(self):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        self.assertEqual(api.call("POST", "/datasets", {"name": "x"}, key)[0], 422)
        self.assertEqual(api.call("POST", "/datasets", creation("after a mistake"), key)[0], 201)


class Strangers(unittest.TestCase):
    def raw(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(server.host, timeout=30)
        self.addCleanup(connection.close)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer

    def test_pages_of_other_origins_change_nothing(self):
        body = json.dumps(creation("stolen"))
        before = api.call("GET", "/jobs")[2]["total"]
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                        {"Origin": "http://" + server.host + ".evil.example"}):
            answer = self.raw("POST", "/api/v1/datasets", body, {"Content-Type": "application/json", **ADA, **headers})
            self.assertEqual(answer.status, 403, headers)
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])
        # What a form of another page can send without being asked.
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            self.assertEqual(self.raw("POST", "/api/v1/datasets", body, {"Content-Type": kind}).status, 415, kind)
        self.assertEqual(api.call("GET", "/jobs")[2]["total"], before)

    def test_strange_names_of_the_server_are_refused(self):
        for name in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"):
            self.assertEqual(self.raw("GET", "/api/v1/jobs", headers={"Host": name}).status, 403, name)

    def test_no_get_changes_anything(self):
        job = make("looked at")
        before = api.call("GET", "/jobs")[2]
        for method, pattern, _ in api.operations():
            if method == "get" and pattern != "/events":
                self.raw("GET", "/api/v1" + pattern.replace("{id}", job).replace("{job}", job).replace("{split}", "train")
                         .replace("{index}", "0").replace("{path}", "labels.txt"))
        self.assertEqual(api.call("GET", "/jobs")[2], before)

    def test_every_answer_has_the_headers_that_protect(self):
        job = make("framed")
        for path in ("/", "/datasets/new", "/api/v1/system", "/api/v1/nothing", f"/api/v1/files/{job}/labels.txt", "/login", "/index.json"):
            headers = self.raw("GET", path).headers
            with self.subTest(path):
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                self.assertEqual(headers["X-Frame-Options"], "DENY")
                self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
                rules = dict(rule.strip().partition(" ")[::2] for rule in headers["Content-Security-Policy"].split(";"))
                self.assertNotIn("unsafe", rules.get("script-src", rules["default-src"]))
                self.assertEqual(headers["Referrer-Policy"], "no-referrer")
                self.assertEqual(headers["Cross-Origin-Resource-Policy"], "same-origin")
        for path in ("/api/v1/system", "/api/v1/jobs", "/index.json"):
            self.assertEqual(self.raw("GET", path).headers["Cache-Control"], "no-store", path)
        page = self.raw("GET", f"/api/v1/files/{job}/mean.binaryproto")
        self.assertEqual(page.headers["Content-Disposition"], "attachment")


class ZRestart(unittest.TestCase):
    def test_keys_and_owners_outlive_the_server(self):
        key = {"Idempotency-Key": str(uuid.uuid4()), **ADA}
        first = api.call("POST", "/datasets", creation("kept"), key)[2]
        server.wait_for(first["id"])
        server.restart()
        self.assertEqual(api.call("POST", "/datasets", creation("kept"), key)[2]["id"], first["id"])
        self.assertEqual(api.call("GET", f"/jobs/{first['id']}")[2]["owner"], "ada")
        self.assertEqual(api.call("DELETE", f"/jobs/{first['id']}", headers=BOB)[0], 403)

    def test_a_crash_before_the_answer_is_kept_makes_no_second_job(self):
        key = {"Idempotency-Key": str(uuid.uuid4()), **ADA}
        first = api.call("POST", "/datasets", creation("crashed"), key)[2]["id"]

        def as_after_a_crash():
            with sqlite3.connect(server.folder / "data/digits.db") as database:
                self.assertEqual(database.execute("DELETE FROM answered_requests WHERE key = ?", [key["Idempotency-Key"]]).rowcount, 1)
        server.restart(as_after_a_crash)
        status, headers, job = api.call("POST", "/datasets", creation("crashed"), key)
        self.assertEqual((status, job["id"], headers["location"]), (201, first, f"/api/v1/jobs/{first}"))
        self.assertEqual(api.call("GET", "/jobs?q=crashed")[2]["total"], 1)
        server.restart(as_after_a_crash)
        self.assertEqual(api.call("POST", "/datasets", creation("another"), key)[0], 422)


class Roots(unittest.TestCase):
    """What a list names must lie where the server may read, wherever the list itself came from."""

    def setUp(self):
        root = server.folder / f"root-{uuid.uuid4()}"
        mnist_folder(IDX, root / "digits", 3)
        self.narrow = ServerProcess(DIGITS, "--root", root)
        self.addCleanup(self.narrow.close)
        self.api, self.root = Contract(self.narrow), root
        (root / "labels.txt").write_text("one\ntwo\n")
        (root / "out.png").symlink_to(image_folder / "1/00000.png")
        (root / "out").symlink_to(image_folder)

    def refused(self, kind, lines, line):
        file = self.root / f"{uuid.uuid4()}.txt"
        file.write_text("".join(lines))
        source = {"type": kind, "train" if kind == "lists" else "crops": str(file), "root": str(self.root)}
        if kind == "lists":
            source["labels"] = str(self.root / "labels.txt")
        spec = {"source": source, "image": {"width": 28, "height": 28, "channels": 1}}
        status, _, answer = self.api.call("POST", "/datasets/scan", {"spec": spec})
        if line is None:
            self.assertEqual(status, 200, answer)
            return
        self.assertEqual((status, answer["code"], answer["where"]), (403, "permission_denied", f"{file}:{line}"))
        self.assertIn("--root", answer["advice"])
        job = self.api.call("POST", "/datasets", {"name": "x", "spec": spec})[2]["id"]
        found = self.narrow.wait_for(job)
        self.assertEqual((found["state"], found["error"]["code"]), ("error", "permission_denied"))
        self.assertEqual(self.api.call("POST", "/datasets/resize-example", {"spec": spec})[0], 403)

    def test_of_lists(self):
        inside = [f"digits/{label}/0000{i}.png {label}\n" for label in (0, 1) for i in range(3)]
        self.refused("lists", inside, None)
        for outside in (image_folder / "1/00000.png", "../images/1/00000.png", "out.png", "out/1/00000.png", "digits/../../images/1/00000.png"):
            with self.subTest(str(outside)):
                self.refused("lists", [*inside, "\n", f"{outside} 1\n"], 8)

    def test_of_crops(self):
        inside = [f"digits/{label}/0000{i}.png,2,2,20,20,{label}\n" for label in (0, 1) for i in range(3)]
        self.refused("crops", inside, None)
        self.refused("crops", [*inside, "out.png,2,2,20,20,1\n"], 7)

    def test_roots_are_the_servers_alone(self):
        body = creation("x")
        body["spec"]["roots"] = ["/"]
        status, _, problem = self.api.call("POST", "/datasets", body)
        self.assertEqual((status, problem["where"]), (422, "/spec/roots"))
        self.assertIn("Unknown field", problem["detail"])


if __name__ == "__main__":
    unittest.main()

"""Attacks 55, 56 and 59 to 61, and folders without end: what one request may cost, and what it leaves behind. (Accounts come later, and with them what belongs to them; ends by
kill -9: tests/cli/crash_test.py; series without end: src/jobs/job_table_test.cpp; what workers may do: workers_test.py.)

    resources_test.py DIGITS [unittest arguments]
"""
import stat
import threading
import urllib.parse

from stage import *

# Every folder that this user may read, as without --root.
setUpModule = run(globals(), "--root", "/")


class Resources(Attack):
    def scan(self, path, kind="scan"):
        return self.api.call("POST", f"/datasets/{kind}", {"spec": {"source": {"type": "folder", "path": path}, "image": IMAGE}})

    def test_made_up_folders_get_a_clear_answer_at_once(self):
        before = self.stage.memory_mb()
        self.scan(str(self.stage.images))  # a worker has started
        for path in ("/proc", "/sys", "/proc/self", "/sys/class"):
            for kind in ("scan", "report"):
                begin = time.monotonic()
                self.assert_refused(self.scan(path, kind), (422,), "file system of the kernel")
                self.assertLess(time.monotonic() - begin, 2, path)
        self.assertLess(self.stage.memory_mb() - before, 32)

    def test_the_whole_disk_costs_the_server_nothing(self):
        before = self.stage.memory_mb()
        host, _, port = self.server.host.partition(":")
        body = json.dumps({"spec": {"source": {"type": "folder", "path": "/"}, "image": IMAGE}})
        leavers = []
        for _ in range(4):
            connection = socket.create_connection((host, int(port)))
            connection.sendall(f"POST /api/v1/datasets/scan HTTP/1.1\r\nHost: {self.server.host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            leavers.append(connection)
        self.assertTrue(self.stage.quick())
        for connection in leavers:
            connection.close()
        # Nobody works for those who left, at the latest when the workers that were started for them have been ended.
        deadline = time.monotonic() + 20
        quiet = 0
        while quiet < 5:
            busy = self.busy_children()
            quiet = 0 if busy else quiet + 1
            self.assertLess(time.monotonic(), deadline, busy)
        self.assertLess(self.stage.memory_mb() - before, 32)

    def busy_children(self):
        """Workers that used the processor in the last 0.3 s."""
        def used():
            found = {}
            for entry in Path("/proc").glob("[0-9]*/stat"):
                try:
                    fields = entry.read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[1]) == self.stage.pid:
                    found[entry.parent.name] = int(fields[11]) + int(fields[12])
            return found
        before = used()
        time.sleep(0.3)
        return [pid for pid, ticks in used().items() if ticks - before.get(pid, ticks) > 5]

    def test_55_bodies_and_lists_have_limits(self):
        for body in ("[" * 100_000, '{"a":' * 50_000, "{" + '"a":1,' * 10 + '"b":1e999}'):
            status, _, _ = self.server.request("POST", "/api/v1/datasets", body, {"Content-Type": "application/json"})
            self.assertIn(status, (400, 422))
        self.assertEqual(self.server.request("POST", "/api/v1/datasets", "x" * (9 << 20), {"Content-Type": "application/json"})[0], 413)
        self.assert_refused(self.api.call("GET", "/jobs?limit=100000"), (422,))
        self.assertEqual(self.server.request("GET", "/api/v1/jobs?" + "&".join(f"a{i}=1" for i in range(1000)))[0], 400)

    def test_55_ten_thousand_jobs_of_one_user_stop_at_a_limit(self):
        spec = json.dumps({"name": "one of many", "spec": {"source": {"type": "folder", "path": str(self.stage.images)}, "image": IMAGE}})
        before = self.stage.memory_mb()
        connection = http.client.HTTPConnection(self.server.host, timeout=60)
        self.addCleanup(connection.close)

        def ask(method, path, body=None):
            connection.request(method, path, body, {"Content-Type": "application/json", "Cookie": "username=eve"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        made, status = 0, 201
        while status == 201 and made < 10_000:
            status, answer = ask("POST", "/api/v1/datasets", spec)
            made += status == 201
        self.assertEqual(status, 507, answer)
        self.assertIn("which is the most that may", json.loads(answer)["detail"])
        self.assertTrue(self.stage.quick())
        self.assertLess(self.stage.memory_mb() - before, 64)
        # Others work on.
        status, _, job = self.api.call("POST", "/datasets", json.loads(spec), {"Cookie": "username=ada"})
        self.assertEqual(status, 201, job)
        self.api.call("POST", f"/jobs/{job['id']}/abort", None, {"Cookie": "username=ada"})
        while jobs := json.loads(ask("GET", "/api/v1/jobs?state=init,wait&limit=500&q=one%20of%20many")[1])["items"]:
            for job in jobs:
                ask("POST", f"/api/v1/jobs/{job['id']}/abort", "")
            if all(job["owner"] != "eve" for job in jobs):
                break

    def test_55_a_sweep_has_a_limit(self):
        dataset = self.stage.dataset("swept")
        before = len(self.api.call("GET", "/jobs?kind=model")[2]["items"])
        many = ",".join(str(1 + i) for i in range(30_000))
        form = {"model_name": "sweep", "dataset": dataset, "method": "standard", "standard_networks": "lenet", "framework": "caffe", "learning_rate": many, "batch_size": many}
        begin = time.monotonic()
        status, _, answer = self.server.request("POST", "/models/images/classification.json", urllib.parse.urlencode(form), {"Content-Type": "application/x-www-form-urlencoded",
                                                                                                                            "Cookie": "username=eve"})
        self.assertEqual(status, 400, answer[:500])
        self.assertIn(b"900000000 jobs at once are too many; at most 200 are allowed", answer)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(len(self.api.call("GET", "/jobs?kind=model")[2]["items"]), before)

    def test_55_a_log_of_one_endless_line_is_shown_by_its_end(self):
        job = self.stage.dataset("talkative")
        log = self.server.folder / "data/jobs" / job / "tasks/dataset/log.txt"
        with log.open("r+b") as file:
            file.seek(10 << 30)  # a hole: it takes no room
            file.write(b"the end")
        before = self.stage.memory_mb()
        status, _, text = self.server.request("GET", f"/api/v1/jobs/{job}/log")
        self.assertEqual((status, text[-7:]), (200, b"the end"))
        self.assertLessEqual(len(text), 64 << 10)
        for path in (f"/api/v1/jobs/{job}/log?bytes={1 << 40}",):
            self.assertEqual(self.server.request("GET", path)[0], 422, path)
        self.assertLess(self.stage.memory_mb() - before, 32)

    def test_56_searches_are_words_and_columns_are_known(self):
        for text in ("(a%2B)%2B$", "%25" * 100, "*" * 100, "'%20OR%201=1--", "%22;DROP%20TABLE%20jobs", "_" * 200):
            begin = time.monotonic()
            self.assertEqual(self.api.call("GET", f"/jobs?q={text}")[2]["items"], [], text)
            self.assertLess(time.monotonic() - begin, 2)
        for sort in ("spec", "name;DROP", "(SELECT%201)", "-owner"):
            self.assert_refused(self.api.call("GET", f"/jobs?sort={sort}"), (422,), "cannot sort")
        for cursor in ("x", "'", "00ff", "f" * 5000):
            self.assertIn(self.api.call("GET", f"/jobs?cursor={cursor}")[0], (200, 422), cursor)

    def test_59_others_on_this_machine_read_nothing(self):
        self.stage.dataset()
        data = self.server.folder / "data"
        self.assertEqual(stat.S_IMODE(data.stat().st_mode), 0o700)
        for path in data.rglob("*"):
            if not path.is_symlink():
                self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)
        data.chmod(0o755)
        self.server.restart()
        self.stage.pid = self.server.process.pid
        self.assertEqual(stat.S_IMODE(data.stat().st_mode), 0o700)

    def test_60_answers_tell_no_environment(self):
        os.environ["DIGITS_ATTACK_SECRET"] = SECRET
        self.server.restart()
        self.stage.pid = self.server.process.pid
        job = self.stage.dataset("with an environment")
        for path in ("/api/v1/system", "/api/v1/system/doctor", f"/api/v1/jobs/{job}", f"/api/v1/jobs/{job}/log", "/index.json", "/completed_jobs.json", "/api/v1/openapi.json"):
            self.assertNotIn(SECRET.encode(), self.server.request("GET", path)[2], path)
        self.assert_refused(self.api.call("POST", "/datasets/scan", {"spec": {"source": {"type": "lists", "train": "/proc/self/environ", "labels": "/proc/self/environ"}, "image": IMAGE}}),
                            (422,), "file system of the kernel")

    def test_61_numbers_that_do_not_fit_are_refused(self):
        for image in ({"width": 2 ** 31, "height": 2 ** 31, "channels": 3}, {"width": -1, "height": 8, "channels": 1}, {"width": 0, "height": 8, "channels": 1},
                      {"width": 1e300, "height": 8, "channels": 1}, {"width": 8, "height": 8, "channels": 2 ** 40}):
            for path in ("/datasets/scan", "/datasets/resize-example"):
                status, _, answer = self.api.call("POST", path, {"spec": {"source": {"type": "folder", "path": str(self.stage.images)}, "image": image}})
                self.assertEqual(status, 422, answer)
            status, _, answer = self.api.call("POST", "/networks/describe", {"spec": {"network": {"prototxt": NETWORK}}, "image": image})
            self.assertEqual(status, 422, answer)

    def test_sigterm_ends_it_while_it_is_asked(self):
        def ask():
            try:
                self.scan("/usr", "report")
            except (OSError, http.client.HTTPException, ValueError, AssertionError):
                pass
        askers = [threading.Thread(target=ask) for _ in range(3)]
        for asker in askers:
            asker.start()
        time.sleep(0.5)  # the workers look through the folder by now; if not, the end is only easier
        begin = time.monotonic()
        self.server.process.terminate()
        self.server.process.wait(15)
        self.assertLess(time.monotonic() - begin, 10)
        for asker in askers:
            asker.join()
        self.server.start()
        self.stage.pid = self.server.process.pid


if __name__ == "__main__":
    unittest.main()

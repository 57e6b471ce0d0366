"""Attack 13: the disk of the server is full. What cannot be written is refused in words, nothing that is there suffers, and all goes on once there is room.

    full_disk_test.py DIGITS [unittest arguments]

Mounts a small file system in a mount namespace of its own; ends with 77 (skipped) where that is not allowed.
"""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "api"))
from own_namespace import enter_namespace

enter_namespace()

from stage import *


class FullDisk(Attack):
    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.stage = Stage()
        self.addCleanup(self.stage.close)
        self.stage.server.stop()
        self.data = self.stage.folder / "data"
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", self.data], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", "--lazy", self.data], check=True))
        self.stage.server.start()
        self.stage.pid = self.stage.server.process.pid
        self.api, self.server = self.stage.api, self.stage.server

    def fill(self):
        """Takes all the room that is left; the file that takes it."""
        path = self.data / "filler"
        with path.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return path

    def test_13_uploads_are_refused_with_what_is_left(self):
        made = self.api.call("POST", "/uploads", {"kind": "folder", "name": "x"})[2]["id"]
        answer = self.api.call("PUT", f"/uploads/{made}/files/cat/1.png?offset=0", b"12345", {"Content-Type": "application/octet-stream"})
        self.assert_refused(answer, (507,), "disk", "are left", "Delete datasets, models or uploads")
        self.assertEqual(self.api.call("GET", f"/uploads/{made}")[2]["bytes"], 0)
        filler = self.fill()
        self.assert_refused(self.api.call("POST", "/uploads", {"kind": "folder", "name": "y"}), (507,), "No space left on device")
        filler.unlink()
        self.assertEqual(self.api.call("POST", "/uploads", {"kind": "folder", "name": "y"})[0], 201)

    def test_13_jobs_are_refused_and_none_is_lost(self):
        job = self.stage.dataset("before")
        filler = self.fill()
        spec = {"source": {"type": "folder", "path": str(self.stage.images)}, "image": IMAGE}
        self.assert_refused(self.api.call("POST", "/datasets", {"name": "in vain", "spec": spec}), (507,), "the disk is full", "make room where the data folder is")
        self.assert_refused(self.api.call("PATCH", f"/jobs/{job}", {"notes": "x" * 90_000}), (507,), "the disk is full")
        self.assertTrue(self.stage.quick())
        self.assertEqual(self.api.call("GET", f"/jobs/{job}")[2]["state"], "done")
        self.assertEqual([found["name"] for found in self.api.call("GET", "/jobs")[2]["items"]], ["before"])
        filler.unlink()
        self.stage.dataset("after")
        self.server.restart()
        self.stage.pid = self.server.process.pid
        found = self.api.call("GET", "/jobs?sort=created")[2]["items"]
        self.assertEqual({item["name"]: item["state"] for item in found}, {"before": "done", "after": "done"})
        self.assertEqual(len(list((self.data / "jobs").iterdir())), 2)


if __name__ == "__main__":
    unittest.main()

"""Attacks 5 and 9 to 14: archives and uploads. (A disk that is full: full_disk_test.py.)

    uploads_test.py DIGITS [unittest arguments]
"""
import io
import struct
import tarfile
import threading
import zipfile

from stage import *

setUpModule = run(globals())
PNG = b"\x89PNG\r\n\x1a\n"


def zip_of(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.filename = name  # as it is, with backslashes
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def tar_of(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, kind, data in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, data if isinstance(data, str) else ""
            info.size = len(data) if isinstance(data, bytes) else 0
            archive.addfile(info, io.BytesIO(data) if isinstance(data, bytes) else None)
    return out.getvalue()


def zip_of_one_member_many_times(data, count):
    """Each of `count` names of the directory leads to the same member: many times the bytes that are there."""
    one = zip_of(("cat/0.png", data))
    begin = one.rindex(b"PK\1\2")
    end = one.rindex(b"PK\5\6")
    entry = one[begin:end]
    names = [f"{i:05x}.png".encode() for i in range(count)]  # as long as "cat/0.png"
    assert len(names[0]) == len("cat/0.png")
    directory = b"".join(entry.replace(b"cat/0.png", name) for name in names)
    return one[:begin] + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), begin, 0)


class Uploads(Attack):
    def unpack(self, data):
        made = upload(self.api, "archive", "set", data)
        answer = self.api.call("POST", f"/uploads/{made}/finish")
        return made, answer

    def files(self):
        return {str(path) for path in self.stage.folder.rglob("*") if "/tasks/" not in str(path) and "/assist" not in str(path)}

    def assert_empty(self, made):
        self.assertEqual([path for path in (self.stage.folder / "data/uploads" / made / "files").rglob("*") if path.is_file()], [])

    def test_5_hard_links_are_no_images_and_no_weights(self):
        file, hard = tarfile.REGTYPE, tarfile.LNKTYPE
        secret = self.stage.beside / "secret.txt"
        for target in (str(secret), "../../../../beside/secret.txt", "../upload.json", "cat/1.png"):
            made, answer = self.unpack(tar_of(("cat/1.png", file, PNG), ("cat/2.png", hard, target)))
            self.assert_refused(answer, (422,), "link")
            self.assert_empty(made)
            archive = tar_of(("info.json", file, b"{}"), ("deploy.prototxt", file, NETWORK.encode()), ("w.caffemodel", hard, target))
            body = b'--XX\r\nContent-Disposition: form-data; name="archive"; filename="model.tar.gz"\r\n\r\n' + archive + b"\r\n--XX--\r\n"
            status, _, answer = self.api.call("POST", "/pretrained", body, {"Content-Type": "multipart/form-data; boundary=XX"})
            if status == 201:
                answer = self.server.wait_for(answer["id"])["error"]
            self.assertIn("a hard link", json.dumps(answer))
        self.assertEqual((secret.read_text(), secret.stat().st_nlink), (SECRET, 1))
        # A file that somebody linked into an upload belongs to others: it neither grows nor becomes an image.
        made = self.api.call("POST", "/uploads", {"kind": "folder", "name": "x"})[2]["id"]
        folder = self.stage.folder / "data/uploads" / made / "files"
        os.link(secret, folder / "1.png")
        answer = self.api.call("PUT", f"/uploads/{made}/files/1.png?offset={len(SECRET)}", b"more", {"Content-Type": "application/octet-stream"})
        self.assert_refused(answer, (409,), "another name")
        self.assertEqual(secret.read_text(), SECRET)
        (folder / "1.png").unlink()

    def test_9_archives_write_nowhere_else(self):
        file, link, hard, device, pipe = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE
        archives = [zip_of(("cat/1.png", PNG), (name, PNG)) for name in ("../x.png", "/x.png", "C:\\x.png", "C:/x.png", "a\\..\\..\\x.png", "a/../../x.png")]
        archives += [tar_of(("cat/1.png", file, PNG), *members) for members in (
            [("../x.png", file, PNG)], [("/tmp/digits-attack-x.png", file, PNG)], [("dir", link, "/tmp"), ("dir/x.png", file, PNG)],
            [("x.png", link, str(self.stage.beside / "secret.txt"))], [("x.png", hard, "cat/1.png")], [("x.png", device, "")], [("x.png", pipe, "")])]
        for number, data in enumerate(archives):
            before = self.files()
            made, answer = self.unpack(data)
            with self.subTest(number):
                self.assert_refused(answer, (422,))
                self.assertFalse(os.path.exists("/tmp/digits-attack-x.png"))
                added = {path for path in self.files() - before if made not in path}
                self.assertEqual(added, set())
                self.assertEqual([path for path in (self.stage.folder / "data/uploads" / made / "files").rglob("*")], [])

    def test_10_bombs_stop_at_a_limit(self):
        flat = bytes(16 << 20)
        before = self.stage.memory_mb()
        bomb = zip_of(*[(f"cat/{i}.png", flat) for i in range(40)])
        self.assertLess(len(bomb), 1 << 20)
        made, answer = self.unpack(bomb)
        self.assert_refused(answer, (413,))
        self.assertEqual(self.api.call("DELETE", f"/uploads/{made}")[0], 204)
        self.assert_refused(self.unpack(zip_of(*[(f"cat/{i}.txt", b"") for i in range(3000)]))[1], (422,))
        self.assertLess(self.stage.memory_mb() - before, 64)

    def test_10_archives_in_archives_stay_packed(self):
        inner = zip_of(*[(f"cat/{i}.png", bytes(1 << 20)) for i in range(8)])
        for _ in range(20):
            inner = zip_of(("cat/inner.zip", inner))
        made, answer = self.unpack(zip_of(("cat/1.png", PNG), ("cat/more.zip", inner), ("cat/more.png", inner)))
        self.assertEqual((answer[0], answer[2]["files"], answer[2]["unsupported"]), (200, 2, {".zip": 1}))
        self.assertLess(answer[2]["bytes"], len(inner) + 100)

    def test_10_one_member_under_many_names_stops_at_a_limit(self):
        bomb = zip_of_one_member_many_times(bytes(1 << 20), 3000)
        self.assertLess(len(bomb), 1 << 20)
        made, answer = self.unpack(bomb)
        if answer[0] == 200:
            self.assertEqual((answer[2]["files"], answer[2]["bytes"]), (1, 1 << 20), "what is there once comes once")
        else:
            self.assert_refused(answer, (413, 422))
            self.assert_empty(made)

    def test_10_what_an_archive_says_of_its_sizes_is_not_believed(self):
        for size in (0, 10, 1 << 31, 0xfffffffe):
            # The member is a megabyte, whatever its header and the directory say.
            lie = bytearray(zip_of(("cat/1.png", bytes(1 << 20))))
            for signature, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
                struct.pack_into("<I", lie, lie.index(signature) + at, size)
            made, answer = self.unpack(bytes(lie))
            if answer[0] == 200:
                self.assertLessEqual(answer[2]["bytes"], 1 << 20)
            else:
                self.assert_refused(answer, (413, 422))
                self.assert_empty(made)
        # A tar file that promises a terabyte has what is there of it, and takes no more of the disk.
        header = tarfile.TarInfo("cat/1.png")
        header.size = 1 << 40
        made, answer = self.unpack(header.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 16))
        self.assert_refused(answer, (413, 422), "cut off")
        self.assert_empty(made)

    def test_11_odd_names_are_refused_or_kept_apart(self):
        file = tarfile.REGTYPE
        for name in ("/".join(["d"] * 200) + "/1.png", "n" * 4000 + ".png", "a/" * 600 + "1.png"):
            self.assertIn(self.unpack(tar_of(("cat/1.png", file, PNG), (name, file, PNG)))[1][0], (422, 500, 400))
        made, answer = self.unpack(tar_of(("cat/1.png", file, PNG), ("Cat/1.png", file, PNG), ("cat/1.PNG", file, PNG), ("caf\u00e9/1.png", file, PNG),
                                          ("cafe\u0301/1.png", file, PNG)))
        self.assertEqual((answer[0], answer[2]["files"]), (200, 5))

    def test_12_pieces_come_in_order_and_into_the_upload(self):
        made = self.api.call("POST", "/uploads", {"kind": "folder", "name": "x"})[2]["id"]
        octets = {"Content-Type": "application/octet-stream"}

        def put(path, offset, data=b"12345"):
            return self.server.request("PUT", f"/api/v1/uploads/{made}/files/{path}?offset={offset}", data, octets)[0]
        self.assertEqual(put("cat/1.png", 0), 200)
        self.assertEqual((put("cat/1.png", 9), put("cat/1.png", 0), put("cat/1.png", -1), put("cat/1.png", "9" * 30)), (409, 409, 422, 422))
        for path in ("../x.png", "%2e%2e/x.png", "/x.png", "a//x.png", "a%5cx.png", "a/../x.png", "x%00.png", "a/" * 40 + "x.png", "n" * 300):
            self.assertIn(put(path, 0), (400, 404, 422), path)
        self.assertIn(self.server.request("PUT", "/api/v1/uploads/..%2f..%2fx/files/a.png?offset=0", b"1", octets)[0], (400, 404))
        self.assertEqual(self.api.call("POST", f"/uploads/{made}/finish")[0], 200)
        self.assertEqual(put("cat/2.png", 0), 409)

    def test_12_of_two_who_write_one_place_one_is_refused(self):
        made = self.api.call("POST", "/uploads", {"kind": "folder", "name": "x"})[2]["id"]
        octets = {"Content-Type": "application/octet-stream"}
        pieces = [bytes([writer]) * (1 << 20) for writer in range(8)]
        for round in range(4):
            together = threading.Barrier(len(pieces))
            found = [None] * len(pieces)

            def put(writer):
                together.wait()
                found[writer] = self.server.request("PUT", f"/api/v1/uploads/{made}/files/cat/1.png?offset={round << 20}", pieces[writer], octets)[0]
            writers = [threading.Thread(target=put, args=(writer,)) for writer in range(len(pieces))]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            self.assertEqual(sorted(found), [200] + [409] * (len(pieces) - 1))
            there = (self.stage.folder / "data/uploads" / made / "files/cat/1.png").read_bytes()
            self.assertEqual(len(there), (round + 1) << 20)
            self.assertEqual(there[round << 20:], pieces[found.index(200)])
        self.assertEqual(self.api.call("GET", f"/uploads/{made}")[2]["bytes"], 4 << 20)

    def test_12_uploads_that_nobody_finishes_are_removed_after_a_day(self):
        old, young = (upload(self.api, "folder", name, PNG, "cat/1.png") for name in ("old", "young"))
        uploads = self.stage.folder / "data/uploads"
        for made, hours in ((old, 25), (young, 23)):
            then = time.time() - 3600 * hours
            for path in (uploads / made / "files", uploads / made):
                os.utime(path, (then, then))
        self.api.call("POST", "/uploads", {"kind": "folder", "name": "x"})
        self.assert_refused(self.api.call("GET", f"/uploads/{old}"), (404,))
        self.assertFalse((uploads / old).exists())
        self.assertEqual(self.api.call("GET", f"/uploads/{young}")[2]["bytes"], len(PNG))

    def test_13_what_is_too_large_is_refused_before_it_comes(self):
        for path in ("/api/v1/uploads", "/api/v1/datasets", "/api/v1/pretrained"):
            kind = "multipart/form-data; boundary=x" if path.endswith("pretrained") else "application/json"
            head = f"POST {path} HTTP/1.1\r\nHost: {self.server.host}\r\nContent-Type: {kind}\r\nContent-Length: {1 << 40}\r\n\r\n"
            self.assertEqual(self.stage.raw(head)[0], 413, path)
        # Clients that stop in the middle keep nobody waiting.
        host, _, port = self.server.host.partition(":")
        slow = [socket.create_connection((host, int(port))) for _ in range(40)]
        for one in slow:
            one.sendall(f"POST /api/v1/datasets HTTP/1.1\r\nHost: {self.server.host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        self.assertTrue(self.stage.quick())
        for one in slow:
            one.close()

    def test_14_multipart_has_limits(self):
        def post(body, kind="multipart/form-data; boundary=XX"):
            return self.stage.raw(f"POST /api/v1/pretrained HTTP/1.1\r\nHost: {self.server.host}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        part = b"--XX\r\nContent-Disposition: form-data; name=\"weights\"; filename=\"%s\"\r\n\r\nx\r\n"
        self.assertIn(post(part % b"a" * 5000 + b"--XX--\r\n")[0], (400, 413))
        self.assertEqual(post(part % b"a" + b"--XX--\r\n", "multipart/form-data")[0], 400)
        self.assertEqual(post(part % b"a")[0], 400)
        self.assertIn(post(b"--XX\r\n" + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\nx\r\n--XX--\r\n")[0], (400, 413, 431))
        status, answer = post(part % b"\"><img src=x onerror=alert(1)>\nSet-Cookie: a=b" + b"--XX--\r\n")
        self.assertIn(status, (400, 422))
        self.assertNotIn(b"\nSet-Cookie", answer)


if __name__ == "__main__":
    unittest.main()

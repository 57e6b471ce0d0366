"""Attacks 15 to 18: images and decoders. (Fuzzed files: scripts/fuzz; odd files: tests of src/image.)

    images_test.py DIGITS [unittest arguments]
"""
import struct
import zlib

from stage import *

setUpModule = run(globals())


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(side):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(bytes(1 << 16))) + chunk(b"IEND", b"")


def jpeg_bomb():
    return bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0001108ffffffff03012200021101031101ffd9")


class Images(Attack):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dataset = cls.stage.dataset()
        cls.model = cls.stage.model(cls.dataset)

    def workers_mb(self):
        total = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                words = status.read_text()
            except OSError:
                continue
            if f"\nPPid:\t{self.stage.pid}\n" in words:
                total += next((int(line.split()[1]) for line in words.splitlines() if line.startswith("VmRSS")), 0) / 1024
        return total

    def classify(self, *paths):
        status, _, answer = self.api.call("POST", f"/models/{self.model}/classify", {"paths": [str(path) for path in paths]})
        self.assertEqual(status, 200, answer)
        return answer["images"]

    def test_15_bombs_are_refused_by_their_header(self):
        (self.stage.root / "bomb.png").write_bytes(png_bomb(60_000))
        (self.stage.root / "bomb.jpg").write_bytes(jpeg_bomb())
        self.classify(self.stage.images / "cat/0.png")
        before = self.workers_mb()
        begin = time.monotonic()
        for image in self.classify(self.stage.root / "bomb.png", self.stage.root / "bomb.jpg"):
            self.assertTrue(image["error"]["message"])
        self.assertLess(time.monotonic() - begin, 10)
        self.assertLess(self.workers_mb() - before, 200)

    def test_16_damaged_images_are_named_and_not_fatal(self):
        whole = (self.stage.images / "cat/0.png").read_bytes()
        folder = self.stage.root / "damaged"
        write_classes(folder)
        for size in range(1, len(whole), 7):
            (folder / "cat" / f"cut-{size}.png").write_bytes(whole[:size])
        (folder / "dog/zero.png").write_bytes(bytes(1000))
        (folder / "dog/empty.png").write_bytes(b"")
        found = self.api.call("POST", "/datasets/report", {"spec": {"source": {"type": "folder", "path": str(folder)}, "image": IMAGE}})[2]
        self.assertGreaterEqual(found["unreadable"]["count"], 2)
        self.stage.dataset("damaged", {"type": "folder", "path": str(folder)})

    def test_17_a_name_makes_no_image(self):
        fakes = {"eps.png": b"%!PS-Adobe-3.0 EPSF-3.0\n(%pipe%id) (w) file\n", "svg.jpg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
                 "html.png": b"<html><script>alert(1)</script>", "pdf.png": b"%PDF-1.7\n", "elf.png": Path("/bin/true").read_bytes(),
                 "mvg.png": b"push graphic-context\nfill 'url(https://127.0.0.1/x.jpg\"|id\")'\n"}
        for name, data in fakes.items():
            (self.stage.root / name).write_bytes(data)
        for name, image in zip(fakes, self.classify(*[self.stage.root / name for name in fakes])):
            self.assertTrue(image["error"]["message"], name)
            self.assertEqual(image["predictions"], [], name)

    def test_18_what_could_run_in_a_browser_is_not_shown(self):
        folder = self.stage.server.folder / "data/jobs" / self.dataset
        for name in ("x.svg", "x.html", "x.xhtml", "x.js"):
            (folder / name).write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
            status, headers, _ = self.server.request("GET", f"/api/v1/files/{self.dataset}/{name}")
            self.assertEqual((status, headers["content-disposition"], headers["x-content-type-options"]), (200, "attachment", "nosniff"), name)
            self.assertIn("default-src 'none'", headers["content-security-policy"])
        # An image of an evaluation that turns out to be something else.
        listed = self.stage.root / "listed.txt"
        image = write_classes(self.stage.root / "shown") / "cat/0.png"
        listed.write_text(f"{image} 0\n")
        job = self.api.call("POST", "/evaluations", {"spec": {"model_id": self.model, "source": {"type": "list", "path": str(listed)}}})[2]["id"]
        self.assertEqual(self.server.wait_for(job)["state"], "done")
        place = f"/api/v1/evaluations/{job}/images/0"
        self.assertEqual(self.server.request("GET", place)[1]["content-type"], "image/png")
        image.write_text("<svg onload='alert(1)'/>")
        self.assertIn(self.server.request("GET", place)[0], (415, 501))
        image.unlink()
        os.mkfifo(image)
        self.assertEqual(self.server.request("GET", place)[0], 422)
        image.unlink()
        image.symlink_to(self.stage.beside / "images/cat/0.png")
        self.assertEqual(self.server.request("GET", place)[0], 403)


if __name__ == "__main__":
    unittest.main()

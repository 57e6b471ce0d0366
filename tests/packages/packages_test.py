"""The packages of packaging/, made of this build: installed, used, upgraded with their data, taken away.

    packages_test.py BUILD DEPS

The wheel goes into a Python environment of its own that has only torch, the package for Debian into a folder. Nothing of the build's
own places is reachable: neither PATH nor LD_LIBRARY_PATH name them. Exit code 77: patchelf or dpkg-deb is not there.
"""
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD, DEPS = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
SKIPPED = 77
CLEAN = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def make(kind, output):
    environment = {**os.environ, "DIGITS_DEPS": str(DEPS), "PATH": f"{DEPS}/venv/bin:{os.environ['PATH']}"}
    done = subprocess.run([DEPS / "venv/bin/python", ROOT / "packaging/main.py", kind, "--output", output, "--build", BUILD],
                          env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.split("  ")[0])


def run(*command, **variables):
    done = subprocess.run([str(part) for part in command], env={**CLEAN, **variables}, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def loaded(program):
    """Name → file of the libraries that a program would load."""
    lines = run("ldd", program).splitlines()
    return dict(re.match(r"\s*(\S+) => (.*?)( \(0x\w+\))?$", line).groups()[:2] for line in lines if "=>" in line)


@contextlib.contextmanager
def serving(digits, data, **variables):
    """A server of the programs on a data folder."""
    process = subprocess.Popen([digits, "serve", "--data-dir", data, "--port", "0"], env={**CLEAN, **variables}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = re.search(r"http://\S+/", process.stdout.readline())
        assert address, "the server printed no address"
        yield address[0]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="digits-packages-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.data = cls.folder / "data"

    def train_mnist(self, digits, worker, app):
        """One short training with what the package brings."""
        share = app / "share/digits"
        self.assertTrue((share / "web/index.html").exists() and (share / "mnist/train-images-idx3-ubyte.gz").exists())
        run(worker, "import-mnist", "--idx", share / "mnist", "--out", self.folder / "mnist")
        with serving(digits, self.data):
            at = ("--data-dir", self.data)
            dataset = run(digits, "dataset", "create", *at, "--name", "digits", "--from", self.folder / "mnist/test", "--width", "28", "--height", "28",
                          "--channels", "1", "--encoding", "none", "--print-id").strip()
            model = run(digits, "train", *at, "--name", "lenet", "--dataset", dataset, "--network", "lenet", "--epochs", "1", "--print-id").strip()
            job = json.loads(run(digits, "jobs", "show", *at, model, "--json"))
            self.assertGreater(job["best"]["accuracy"], 0.8)
        return dataset, model

    def test_wheel(self):
        wheel = make("wheel", self.folder)
        with zipfile.ZipFile(wheel) as held:
            names = held.namelist()
            metadata = held.read(next(name for name in names if name.endswith("/METADATA"))).decode()
        self.assertEqual(re.findall(r"^Requires-Dist: (.*)$", metadata, re.M), ["torch==2.13.0"])
        self.assertFalse([name for name in names if re.search(r"/lib/(libtorch|libc10|libc\.so|libstdc\+\+)", name)])
        self.assertTrue([name for name in names if name.endswith("licenses/libhdf5-103-1.txt")])

        environment = self.folder / "venv"
        run("/usr/bin/python3", "-m", "venv", environment)
        site = next(environment.glob("lib/python3*/site-packages"))
        torch = next(DEPS.glob("venv/lib/python3*/site-packages/torch"))
        (site / "torch").symlink_to(torch)
        install = (environment / "bin/pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
        run(*install, wheel)
        digits, worker = environment / "bin/digits", environment / "bin/digits-worker"

        # Nothing comes from this machine but what every machine has.
        app = site / "digits_app"
        for program in ("digits", "digits-worker"):
            for name, file in loaded(app / "bin" / program).items():
                if not re.match(r"(libc|libm|libdl|librt|libpthread|libresolv|libutil|libgcc_s|libstdc\+\+)\.so", name):
                    self.assertTrue(file.startswith((str(app), str(site / "torch"), str(torch))), (program, name, file))

        dataset, model = self.train_mnist(digits, worker, app)
        # Upgraded with its data, which goes on.
        run(*install, "--force-reinstall", wheel)
        with serving(digits, self.data):
            jobs = {job["id"]: job["state"] for job in json.loads(run(digits, "jobs", "list", "--data-dir", self.data, "--json"))["items"]}
            self.assertEqual((jobs[dataset], jobs[model]), ("done", "done"))
        # Torch elsewhere is found as Python finds it; without one the message says what to do.
        (site / "torch").unlink()
        (site / "elsewhere.pth").write_text(f"{torch.parent}\n")
        self.assertIn("usage", run(worker, "--help").lower())
        (site / "elsewhere.pth").unlink()
        missing = subprocess.run([digits, "--version"], env=CLEAN, capture_output=True, text=True)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("pip install torch", missing.stderr)
        run(environment / "bin/pip", "uninstall", "--quiet", "--yes", "digits")
        self.assertFalse(app.exists() or digits.exists())
        self.assertTrue((self.data / "jobs" / model).exists())

    def test_debian(self):
        package = make("deb", self.folder)
        root = self.folder / "root"
        run("dpkg-deb", "-x", package, root)
        run("dpkg-deb", "-e", package, self.folder / "control")
        control = run("dpkg-deb", "-f", package)
        for name in ("libhdf5-103-1", "libheif1", "libcurl4", "adduser"):
            self.assertRegex(control, rf"Depends:.*\b{name}\b")
        home = root / "usr/lib/digits"
        for program in ("digits", "digits-worker"):
            self.assertEqual((root / "usr/bin" / program).resolve(), home / "bin" / program)
            for name, file in loaded(home / "bin" / program).items():
                if "torch" in name or "c10" in name:
                    self.assertTrue(file.startswith(str(home)), (name, file))
        self.assertIn("0.1.0", run(root / "usr/bin/digits", "--version"))
        self.assertIn("usage", run(root / "usr/bin/digits-worker", "--help").lower())
        self.assertTrue((home / "share/digits/web/index.html").exists())
        for script in ("postinst", "prerm", "postrm"):
            run("sh", "-n", self.folder / "control" / script)
        unit = (root / "usr/lib/systemd/system/digits.service").read_text()
        for rule in ("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "CapabilityBoundingSet=\n", "User=digits"):
            self.assertIn(rule, unit)
        if shutil.which("systemd-analyze"):
            # The programs are not where the unit will find them.
            said = subprocess.run(["systemd-analyze", "verify", root / "usr/lib/systemd/system/digits.service"], capture_output=True, text=True).stderr
            ours = [line for line in said.splitlines() if "digits.service" in line and "/usr/bin/digits" not in line]
            self.assertEqual(ours, [])

    def test_chart(self):
        chart = ROOT / "packaging/helm/digits"
        version = re.search(r"project\(digits VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
        self.assertIn(f'appVersion: "{version}"', (chart / "Chart.yaml").read_text())
        schema = json.loads((chart / "values.schema.json").read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        # Each value that a template reads is declared.
        for template in (chart / "templates").iterdir():
            for path in re.findall(r"\.Values\.([\w.]+)", template.read_text()):
                here = schema
                for name in path.split("."):
                    if here.get("type") == "object" and "properties" not in here:
                        break
                    self.assertIn(name, here["properties"], f"{template.name}: {path}")
                    here = here["properties"][name]
            opened = len(re.findall(r"{{-? (?:if|range|with|define) ", template.read_text()))
            self.assertEqual(opened, len(re.findall(r"{{-? end ", template.read_text())), template.name)


if __name__ == "__main__":
    if not (shutil.which("patchelf") and shutil.which("dpkg-deb")):
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)

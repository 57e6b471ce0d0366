"""The wheel `digits`: the programs, their pages and libraries. libtorch is that of the torch that pip installs beside it."""
import platform
import shutil
import tempfile
from pathlib import Path

import stage

# Weaker than a compiler would know, and true: built on Debian 12, whose C library this is.
PLATFORM = f"manylinux_2_36_{platform.machine()}"
METADATA = """Metadata-Version: 2.1
Name: digits
Version: {version}
Summary: Interactive training of deep neural networks: datasets, training, tests and sharing in the browser
License: Apache-2.0
Requires-Python: >=3.9
Requires-Dist: torch=={torch}
Description-Content-Type: text/markdown

"""
WHEEL = """Wheel-Version: 1.0
Generator: digits
Root-Is-Purelib: false
Tag: py3-none-{platform}
"""
ENTRY_POINTS = """[console_scripts]
digits = digits_app:digits
digits-worker = digits_app:digits_worker
"""


def torch_version(torch_lib):
    """Without the part that says for which device it was built: any will do."""
    text = (torch_lib.parent / "version.py").read_text()
    return text.split("__version__ = '")[1].split("'")[0].split("+")[0]


def build(build_folder, torch_lib, output):
    version = stage.version()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / f"digits-{version}"
        app = root / "digits_app"
        shutil.copytree(stage.ROOT / "packaging/wheel/digits_app", app, ignore=shutil.ignore_patterns("__pycache__"))
        stage.install(build_folder, app)
        taken = stage.bundle(app, torch_lib)
        for program in stage.PROGRAMS:
            # torch's own OpenMP comes first, so that there is one; where it has another name, ours serves.
            stage.set_search_path(app / "bin" / program, "$ORIGIN/../../torch/lib", "$ORIGIN/../lib")
        info = root / f"digits-{version}.dist-info"
        info.mkdir()
        stage.copy_licences(taken, info / "licenses")
        shutil.copy(stage.ROOT / "LICENSE", info / "licenses/LICENSE")
        readme = (stage.ROOT / "packaging/wheel/README.md").read_text()
        (info / "METADATA").write_text(METADATA.format(version=version, torch=torch_version(torch_lib)) + readme)
        (info / "WHEEL").write_text(WHEEL.format(platform=PLATFORM))
        (info / "entry_points.txt").write_text(ENTRY_POINTS)
        stage.run("python3", "-m", "wheel", "pack", root, "--dest-dir", output)
    return output / f"digits-{version}-py3-none-{PLATFORM}.whl"

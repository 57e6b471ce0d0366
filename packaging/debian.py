"""The package for Debian 12: the programs with libtorch, a hardened service, its user and data folder."""
import os
import platform
import shutil
import tempfile
from pathlib import Path

import stage

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
HOME = "usr/lib/digits"
CONTROL = """Package: digits
Version: {version}
Architecture: {architecture}
Maintainer: The Digits developers <digits@localhost>
Installed-Size: {kilobytes}
Depends: {depends}
Recommends: libpython3.11, fonts-dejavu-core, fonts-wqy-zenhei
Section: science
Priority: optional
Description: Interactive training of deep neural networks
 Point it at your images, watch a network learn in the browser, test it,
 correct it, share it and put it to work. Reads the networks, weights and
 archives of NVIDIA DIGITS and Caffe.
"""


def dependencies(folder, torch_lib):
    """The packages of the libraries that the programs name; those know what they need themselves."""
    files = []
    for program in (folder / "bin" / name for name in stage.PROGRAMS):
        needed = stage.run("patchelf", "--print-needed", program).split()
        files += [file for name, file in stage.libraries(program, torch_lib).items() if name in needed and torch_lib not in file.parents]
    return stage.packages_of(files) + ["adduser", "ca-certificates"]


def copy_torch(torch_lib, target):
    """What the worker loads of libtorch, with CUDA's part where it has one."""
    target.mkdir()
    for name in sorted(os.listdir(torch_lib)):
        if name.startswith(("libtorch_cpu.so", "libc10", "libgomp", "libtorch_cuda", "libtorch_nvshmem", "libshm.so")):
            shutil.copy2(torch_lib / name, target / name)


def build(build_folder, torch_lib, output):
    version = stage.version()
    architecture = ARCHITECTURES[platform.machine()]
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "digits"
        home = root / HOME
        stage.install(build_folder, home)
        depends = dependencies(home, torch_lib)
        copy_torch(torch_lib, home / "lib")
        for program in stage.PROGRAMS:
            stage.set_search_path(home / "bin" / program, "$ORIGIN/../lib")
        (root / "usr/bin").mkdir(parents=True)
        for program in stage.PROGRAMS:
            (root / "usr/bin" / program).symlink_to(f"../lib/digits/bin/{program}")
        files = stage.ROOT / "packaging/debian"
        for source, place in (("digits.service", "usr/lib/systemd/system"), ("config.json", "etc/digits"),
                              ("copyright", "usr/share/doc/digits")):
            (root / place).mkdir(parents=True, exist_ok=True)
            shutil.copy(files / source, root / place / source)
        control = root / "DEBIAN"
        control.mkdir()
        for script in ("postinst", "prerm", "postrm"):
            shutil.copy(files / script, control / script)
            (control / script).chmod(0o755)
        (control / "conffiles").write_text("/etc/digits/config.json\n")
        size = sum(path.lstat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())
        (control / "control").write_text(CONTROL.format(version=version, architecture=architecture, kilobytes=size // 1024,
                                                        depends=", ".join(depends)))
        for path in [root, *root.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        package = output / f"digits_{version}_{architecture}.deb"
        stage.run("dpkg-deb", "--root-owner-group", "-Zzstd", "-z6", "--build", root, package)
    return package

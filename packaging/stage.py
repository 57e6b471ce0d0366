"""What all packages hold: the programs with everything that they load, in one folder that can lie anywhere."""
import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Every Linux that a manylinux wheel runs on has these (PEP 600), and they have to be those of its kernel and compiler.
OF_EVERY_SYSTEM = re.compile(
    r"(linux-vdso|ld-linux-x86-64|ld-linux-aarch64|libc|libm|libdl|librt|libpthread|libresolv|libutil|libgcc_s|libstdc\+\+)\.so")
PROGRAMS = ("digits", "digits-worker")


def version():
    return re.search(r"project\(digits VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, **options).stdout


def install(build, folder):
    """The installed tree, stripped: bin/, share/digits/. MNIST is packed, as it comes from its authors."""
    if not (ROOT / "web/dist/index.html").exists():
        raise SystemExit("the web application is not built: run scripts/build first")
    run("cmake", "--install", build, "--prefix", folder, "--component", "programs", "--strip")
    for file in sorted((folder / "share/digits/mnist").glob("*-ubyte")):
        with open(file, "rb") as plain, open(f"{file}.gz", "wb") as packed, \
                gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as to:
            shutil.copyfileobj(plain, to)
        file.unlink()


def libraries(program, torch_lib):
    """Name → file of all libraries that a program loads, directly or by way of others."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(torch_lib)}
    found = {}
    for line in run("ldd", program, env=environment).splitlines():
        name, _, rest = line.strip().partition(" => ")
        if rest.startswith("not found"):
            raise SystemExit(f"{program}: {name} is not on this machine")
        if rest:
            found[name] = Path(rest.split(" (")[0])
    return found


def set_search_path(file, *places):
    """Where a program looks for libraries, also for those that its libraries load: RPATH, where RUNPATH would be for itself alone."""
    run("patchelf", "--force-rpath", "--set-rpath", ":".join(places), file)


def bundle(folder, torch_lib):
    """Copies into lib/ what the programs load and neither the system nor torch brings. Returns the files of the system."""
    target = folder / "lib"
    target.mkdir(exist_ok=True)
    taken = []
    for program in PROGRAMS:
        for name, file in libraries(folder / "bin" / program, torch_lib).items():
            if OF_EVERY_SYSTEM.match(name) or (torch_lib in file.parents and not name.startswith("libgomp")):
                continue
            if not (target / name).exists():
                shutil.copy2(file.resolve(), target / name)
                taken.append(file)
    return taken


def packages_of(files):
    """The Debian packages that files of the system belong to."""
    # Packages name /lib and /usr/lib as they were before the two became one.
    names = {name.removeprefix(prefix) for file in files for name in (str(file), str(file.resolve())) for prefix in ("", "/usr")}
    found = subprocess.run(["dpkg-query", "-S", *sorted(names)], capture_output=True, text=True).stdout
    return sorted({line.split(":")[0] for line in found.splitlines()})


def copy_licences(files, folder):
    """The copyright files of the packages that the libraries are from."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in packages_of(files):
        text = Path("/usr/share/doc") / package / "copyright"
        if text.exists():
            shutil.copy(text, folder / f"{package}.txt")

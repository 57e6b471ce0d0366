#!/usr/bin/env python3
"""Checks that no code for AVX2, AVX-512 or AMX can run on a processor that lacks it, in the object files of a build.

    instruction_sets.py BUILD_DIR

1. An object compiled with options for a wider instruction set (-mavx512f …) defines no weak symbol: the linker keeps one
   definition of those for the whole program, perhaps the one that not every processor can run.
2. In all other objects of src/kernels, instructions with ymm, zmm, mask or tile registers are only in functions that the
   dispatch selects: run_avx2*(), run_avx512(), names that end with _avx2 or _avx512, and those in namespace amx.

Exits 1 and prints object, symbol and rule for each finding.
"""
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

WIDE_OPTION = re.compile(r"-m(?:avx\w*|fma|amx[\w-]*|arch=.*)$")
WIDE_REGISTER = re.compile(r"%(ymm|zmm|tmm|k[0-7]\b)")
AVX512_REGISTER = re.compile(r"%(zmm|tmm|k[0-7]\b)")
# Names that the compiler derives from a template's stay mangled.
AVX2_FUNCTION = re.compile(r"\brun_avx2(_auto)?<|^_ZN6digits\d+run_avx2(_auto)?I|_avx2\b")
AVX512_FUNCTION = re.compile(r"\brun_avx512<|^_ZN6digits\d+run_avx512I|_avx512\b|\bamx::")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def compiled_objects(build):
    """(object, compiler arguments) of each object that exists. Those with sanitizers are never shipped."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        arguments = entry.get("arguments") or shlex.split(entry["command"])
        path = Path(entry["directory"]) / arguments[arguments.index("-o") + 1]
        if path.exists() and not any(a.startswith("-fsanitize=") for a in arguments):
            yield path, arguments


def weak_symbols(path):
    for line in run("nm", "-C", "--defined-only", str(path)).splitlines():
        _, kind, name = line.split(" ", 2)
        if kind in "VvWwu":
            yield name


def misplaced_functions(path):
    """Functions with wide registers that no dispatch selects."""
    function, reported = "", set()
    for line in run("objdump", "-d", "-C", "--no-show-raw-insn", str(path)).splitlines():
        if match := FUNCTION.match(line):
            function = match[1]
        elif WIDE_REGISTER.search(line) and function not in reported:
            allowed = AVX512_FUNCTION.search(function) or (
                AVX2_FUNCTION.search(function) and not AVX512_REGISTER.search(line))
            if not allowed:
                reported.add(function)
                yield function, line.split("\t", 1)[-1].strip()


def findings(build):
    checked = {"wide": 0, "common": 0}
    for path, arguments in compiled_objects(build):
        name = path.relative_to(build) if path.is_relative_to(build) else path
        if any(WIDE_OPTION.match(argument) for argument in arguments):
            checked["wide"] += 1
            for symbol in weak_symbols(path):
                yield f"{name}: {symbol} is a weak symbol of an object for a wider instruction set"
        elif "digits_kernels.dir" in str(path):
            checked["common"] += 1
            for function, instruction in misplaced_functions(path):
                yield f"{name}: {function} has {instruction!r}, but no dispatch selects it"
    for kind, count in checked.items():
        if count == 0:
            yield f"found no {kind} object to check in {build}"


def main():
    build = Path(sys.argv[1]).resolve()
    if run("uname", "-m").strip() != "x86_64":
        print("instruction sets are checked on x86-64 only")
        return 0
    found = list(findings(build))
    for one in found:
        print(one)
    print(f"instruction sets: {len(found)} finding{'' if len(found) == 1 else 's'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Tests instruction_sets.py with objects that break its rules, and with ones that do not."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECK = Path(__file__).with_name("instruction_sets.py")

WIDE_OPTIONS = ["-mavx512f"]
# A strong symbol and one of internal linkage.
GOOD_WIDE = """
static float twice(float x) { return x + x; }
void scale_wide(float* x) { for (int i = 0; i < 64; ++i) x[i] = twice(x[i]); }
"""
# An inline function that the compiler does not inline.
BAD_WIDE = """
inline __attribute__((noipa)) float twice(const float* x) { return *x + *x; }
void scale_wide(float* x) { for (int i = 0; i < 64; ++i) x[i] = twice(x + i); }
"""
KERNEL = """
__attribute__((target("{set}"))) void {name}(float* x) {{ for (int i = 0; i < 64; ++i) x[i] = x[i] * 3; }}
"""
GOOD_COMMON = KERNEL.format(set="avx512f,prefer-vector-width=512", name="scale_avx512") + KERNEL.format(
    set="avx2", name="scale_avx2") + """
template <class Work> __attribute__((target("avx2"))) void run_avx2(const Work& work) { work(); }
void scale(float* x) { run_avx2([&]() __attribute__((always_inline)) { for (int i = 0; i < 64; ++i) x[i] *= 3; }); }
namespace amx { """ + KERNEL.format(set="avx512f,prefer-vector-width=512", name="scale") + " }"


class InstructionSets(unittest.TestCase):
    def check(self, wide, common):
        """Compiles both sources as the build does; what the check prints, and its exit status."""
        with tempfile.TemporaryDirectory() as folder:
            build, commands = Path(folder), []
            for name, source, options in (("digits_kernels.dir/wide_avx512", wide, WIDE_OPTIONS), ("digits_kernels.dir/common", common, [])):
                path = build / f"{name}.cpp"
                path.parent.mkdir(exist_ok=True)
                path.write_text(source)
                arguments = ["c++", "-O3", *options, "-o", f"{name}.o", "-c", str(path)]
                subprocess.run(arguments, cwd=build, check=True)
                commands.append({"directory": str(build), "arguments": arguments, "file": str(path)})
            (build / "compile_commands.json").write_text(json.dumps(commands))
            result = subprocess.run([sys.executable, CHECK, build], capture_output=True, text=True)
            return result.stdout, result.returncode

    def test_accepts_what_the_dispatch_selects(self):
        output, status = self.check(GOOD_WIDE, GOOD_COMMON)
        self.assertEqual(status, 0, output)

    def test_reports_a_weak_symbol_of_a_wide_object(self):
        output, status = self.check(BAD_WIDE, GOOD_COMMON)
        self.assertEqual(status, 1, output)
        self.assertIn("twice(float const*) is a weak symbol", output)

    def test_reports_wide_instructions_in_common_functions(self):
        for instruction_set in ("avx2", "avx512f,prefer-vector-width=512"):
            output, status = self.check(GOOD_WIDE, GOOD_COMMON + KERNEL.format(set=instruction_set, name="plain"))
            self.assertEqual(status, 1, output)
            self.assertIn("plain(float*) has", output)

    def test_reports_avx512_in_a_function_for_avx2(self):
        output, status = self.check(GOOD_WIDE, KERNEL.format(set="avx512f,prefer-vector-width=512", name="scale_avx2"))
        self.assertEqual(status, 1, output)
        self.assertIn("scale_avx2(float*) has", output)

    def test_reports_a_build_without_objects(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "compile_commands.json").write_text("[]")
            result = subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True)
            self.assertEqual(result.returncode, 1, result.stdout)


if __name__ == "__main__":
    if subprocess.run(["uname", "-m"], capture_output=True, text=True).stdout.strip() != "x86_64":
        sys.exit(77)
    unittest.main()

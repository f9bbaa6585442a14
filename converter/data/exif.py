"""The camera or phone that took a JPEG: the model's name out of its Exif block, and nothing else."""

from __future__ import annotations

import struct

_MODEL = 0x0110  # of the first image file directory, TIFF 6.0
_ASCII = 2


def camera_model(content: bytes) -> str | None:
    """The `Model` of a JPEG's Exif; None where there is none, or the block is damaged."""
    start = content.find(b"Exif\0\0", 0, 4096)
    if not content.startswith(b"\xff\xd8") or start < 0:
        return None
    tiff = content[start + 6 : start + 6 + 65536]
    try:
        return _model(tiff, {b"II": "<", b"MM": ">"}[tiff[:2]])
    except (KeyError, struct.error):
        return None


def _model(tiff: bytes, order: str) -> str | None:
    (directory,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack_from(order + "H", tiff, directory)
    for entry in range(entries):
        tag, kind, count, value = struct.unpack_from(order + "HHII", tiff, directory + 2 + 12 * entry)
        if (tag, kind) == (_MODEL, _ASCII):
            start = value if count > 4 else directory + 2 + 12 * entry + 8  # short texts stand in the entry itself
            text = tiff[start : start + count].split(b"\0")[0].decode("ascii", "replace").strip()
            return text or None
    return None

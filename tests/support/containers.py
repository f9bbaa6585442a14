"""The contents of a video file, read from the file itself and not asked of the library that wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_EBML, _DOC_TYPE, _SEGMENT, _TRACKS, _TRACK, _CODEC_ID = 0x1A45DFA3, 0x4282, 0x18538067, 0x1654AE6B, 0xAE, 0x86


def container_and_codec(path: Path) -> tuple[str, str]:
    """The container, "webm" or "mp4", and the codec of its one track in the container's own words."""
    content = path.read_bytes()
    if content[4:8] == b"ftyp":
        return "mp4", _sample_entry(content)
    header, segment = _elements(content, _EBML)[0], _elements(content, _SEGMENT)[0]
    (track,) = _elements(_elements(segment, _TRACKS)[0], _TRACK)
    return _elements(header, _DOC_TYPE)[0].decode(), _elements(track, _CODEC_ID)[0].decode()


def _elements(content: bytes, wanted: int) -> list[bytes]:
    """Returns the contents of the EBML elements of this kind, without looking into others."""
    return [held for kind, held in _ebml(content) if kind == wanted]


def _ebml(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        length = _vint_length(content[at])
        kind = int.from_bytes(content[at : at + length], "big")
        at += length
        length = _vint_length(content[at])
        size = int.from_bytes(content[at : at + length], "big") & (1 << 7 * length) - 1
        at += length
        yield kind, content[at : at + size]
        at += size


def _vint_length(first: int) -> int:
    return 9 - first.bit_length()


def _sample_entry(content: bytes) -> str:
    """The type of the only sample entry of the only track of an MP4."""
    for name in ("moov", "trak", "mdia", "minf", "stbl"):
        (content,) = _boxes(content, name)
    (descriptions,) = _boxes(content, "stsd")
    assert int.from_bytes(descriptions[4:8], "big") == 1
    return descriptions[12:16].decode()


def _boxes(content: bytes, wanted: str) -> list[bytes]:
    found, at = [], 0
    while at < len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        assert size >= 8
        if kind == wanted.encode():
            found.append(content[at + 8 : at + size])
        at += size
    return found

"""The type of a medium, told from its first bytes and not from what a server says."""

from __future__ import annotations

__all__ = ["HEAD_BYTES", "agrees", "sniff_type"]

HEAD_BYTES = 4096
_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {b"avif": "image/avif", b"heic": "image/heic", b"mif1": "image/heic", b"M4A ": "audio/mp4"}
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe")
_VAGUE = ("application/octet-stream", "binary/octet-stream", "")


def sniff_type(head: bytes) -> str:
    """Return the media type that the first bytes have; ``application/octet-stream`` where they tell nothing."""
    if not head:
        return "application/x-empty"
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "application/octet-stream")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    return _sniff_text(head[:HEAD_BYTES])


def agrees(declared: str, sniffed: str) -> bool:
    """Return whether what a server declares is of the same family as what the bytes are; vague claims agree."""
    declared = declared.partition(";")[0].strip().lower()
    if declared in _VAGUE or sniffed in _VAGUE:
        return True
    return _family(declared) == _family(sniffed)


def _family(name: str) -> str:
    kind, _, rest = name.partition("/")
    if name in ("text/html", "application/xhtml+xml"):
        return "page"
    if kind == "text" or rest.endswith(("json", "xml", "javascript")):
        return "image" if rest == "svg+xml" else "text"
    if kind in ("audio", "video") or rest == "ogg":
        return "recording"  # one container holds both
    if kind == "image":
        return "image"
    return "archive" if rest in ("zip", "gzip", "x-gzip", "x-zip-compressed") else rest


def _sniff_text(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_HTML):
        return "text/html"
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return "image/svg+xml"
    if b"\x00" in head:
        return "application/octet-stream"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return "application/octet-stream"
    return "text/plain"

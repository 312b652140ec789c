"""What the labelled media are: pins, safe fetching, and verification that they are still what was labelled."""

from annoaudit.media.limits import Limits
from annoaudit.media.pinning import Access, PinResult, pin_media
from annoaudit.media.pins import Pin
from annoaudit.media.platform import Platform
from annoaudit.media.verifying import MediaCheck, MediaVerification, verify_media

__all__ = [
    "Access",
    "Limits",
    "MediaCheck",
    "MediaVerification",
    "Pin",
    "PinResult",
    "Platform",
    "pin_media",
    "verify_media",
]

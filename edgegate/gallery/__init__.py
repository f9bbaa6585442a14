"""The people enrolled: their data, and the encrypted file that keeps it."""

from edgegate.gallery.enrolling import Enrollee
from edgegate.gallery.erasure import Erased
from edgegate.gallery.gallery import Gallery
from edgegate.gallery.people import MAX_PHOTOS, Details, Enrolled, Person, Photo

__all__ = ["MAX_PHOTOS", "Details", "Enrolled", "Enrollee", "Erased", "Gallery", "Person", "Photo"]

"""Enrolling: from photos of one person to what the gallery keeps, with a reason for each that will not do."""

from edgegate.enrol.again import Again, reenrol
from edgegate.enrol.choice import Sameness, choose, strangers
from edgegate.enrol.enrolment import Enrolment, enrol
from edgegate.enrol.guided import Prompt, take_photos
from edgegate.enrol.judging import ADVICE, Enroller, PhotoVerdict
from edgegate.enrol.photo_faces import PhotoFaces, find_faces, only_face
from edgegate.enrol.pictures import (
    LONGEST_SIDE,
    PICTURES,
    VIDEOS,
    decode_picture,
    read_picture,
    read_pictures,
)

__all__ = [
    "ADVICE",
    "LONGEST_SIDE",
    "PICTURES",
    "VIDEOS",
    "Again",
    "Enroller",
    "Enrolment",
    "PhotoFaces",
    "PhotoVerdict",
    "Prompt",
    "Sameness",
    "choose",
    "decode_picture",
    "enrol",
    "find_faces",
    "only_face",
    "read_picture",
    "read_pictures",
    "reenrol",
    "strangers",
    "take_photos",
]

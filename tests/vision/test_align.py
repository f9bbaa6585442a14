"""Every template puts a face's marks where its networks expect them, and cards name only templates that there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, Portrait, read
from edgegate.errors import ModelError
from edgegate.types import Box
from edgegate.vision.align import TEMPLATES, align
from edgegate.vision.landmarks import Landmarker
from edgegate.vision.packs import load_pack


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("portrait", [ASTRONAUT, GRACE_HOPPER], ids=["astronaut", "grace hopper"])
def test_a_chip_has_the_marks_in_their_places(name: str, portrait: Portrait, landmarker: Landmarker) -> None:
    template, image = TEMPLATES[name], read(portrait)
    marks = template.of_mesh(landmarker.locate(image, portrait.box).points)
    chip = align(image, marks, template)
    assert chip.shape == (template.size, template.size, 3)
    again = template.of_mesh(landmarker.locate(chip[..., ::-1].copy(), Box(0, 0, template.size, template.size)).points)
    assert np.abs(again - template.enlarged).mean() < 0.04 * template.size


@pytest.mark.parametrize("portrait", [ASTRONAUT, GRACE_HOPPER], ids=["astronaut", "grace hopper"])
def test_the_portraits_marks_are_what_the_mesh_finds(portrait: Portrait, landmarker: Landmarker) -> None:
    mesh = landmarker.locate(read(portrait), portrait.box).points
    for name, template in TEMPLATES.items():
        reach = 0.03 * portrait.box.width
        assert np.abs(template.of_mesh(mesh) - portrait.points(name)).max() < reach


@pytest.mark.parametrize(
    ("template", "reason"), [("oval", "unknown template 'oval'"), ("arcface-112", "whose input is 112x112")]
)
def test_a_card_with_no_template_for_its_input_is_refused(
    pack_copy: Callable[[str], Path], template: str, reason: str
) -> None:
    card = pack_copy("face-embedder") / "model.toml"
    text = card.read_text(encoding="utf-8").replace('colour = "rgb"', f'colour = "rgb"\ntemplate = "{template}"')
    card.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=reason):
        load_pack(card.parent, "embedder")

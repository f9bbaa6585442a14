"""Turns trained networks into model packs. Imports from `edgegate`, never the reverse."""

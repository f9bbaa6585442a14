"""From labelled photos to a model pack for the door. Imports from `edgegate`, never the reverse."""

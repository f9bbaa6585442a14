"""The report a model is accepted or refused with: one HTML page, and the same as JSON."""

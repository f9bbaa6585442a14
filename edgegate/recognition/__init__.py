"""Faces to people: the pipeline, tracking, identification, thresholds and site calibration."""

"""Sees faces: finds them, judges them, and turns the good ones into embeddings."""

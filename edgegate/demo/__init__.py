"""The demo: a rendered door scene, an embedded broker, and the real pipeline in between."""

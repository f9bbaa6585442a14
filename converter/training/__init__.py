"""The parts of `train`: feeding pictures, figures to watch, what is kept of a run and how it goes on."""

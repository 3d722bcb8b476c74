"""How the shipped models are made: one stage a module, each run as ``python -m crystal_studio.training.<stage>``."""

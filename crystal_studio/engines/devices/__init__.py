"""Which processor a model runs on."""

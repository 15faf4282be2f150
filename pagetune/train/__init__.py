"""Training: the adapter's configuration, the backends, the run."""

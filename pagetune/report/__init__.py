"""The report, one page that opens from disk without a network, and the model card."""

"""Questions about laws and regulations."""

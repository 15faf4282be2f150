"""Questions about tables and forms."""

"""Questions about the text of ordinary documents."""

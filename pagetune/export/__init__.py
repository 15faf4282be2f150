"""Files that other programs serve, each verified against the adapter before it counts as exported."""

"""From adapter to files that other programs serve, each proved against the adapter before it is called exported."""

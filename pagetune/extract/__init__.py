"""Turn PDFs into pages: words, reading order, paragraphs, tables, and a check of each page's text."""

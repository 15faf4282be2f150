"""PDFs into pages: words, reading order, paragraphs, tables, and what each page is worth."""

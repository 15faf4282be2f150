"""Documents that are not PDFs, read into blocks and these put on pages: HWP, HWPX, Office, HTML, Markdown, text."""

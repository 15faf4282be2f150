"""`pagetune review`: experts keep, edit and reject pairs in the browser."""

"""One reader, one writer, deadlines, admission and close: what a connection does, whatever the application."""

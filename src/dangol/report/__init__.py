"""Pages: answers as self-contained HTML that works offline and prints well."""

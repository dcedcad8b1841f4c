"""Reports and pages: self-contained HTML. The only room with templates."""

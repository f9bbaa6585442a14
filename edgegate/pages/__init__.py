"""The style, charts and overlay that pages and videos share."""
